"""Interpolation between a network's weights before and after fine-tuning, so that less is forgotten.

As WiSE-FT does (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022): on the line between both,
networks often keep what the old one knew and most of what the new one learnt. The factor is chosen on held-out
pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from lpr_train.base.engine import KerasModel
from lpr_train.base.task import ComparesModels, Measured, Task
from lpr_train.fine_tune.comparison import Change, compare, what_is_worse

FACTORS = (1.0, 0.85, 0.7, 0.55, 0.4, 0.25)
"""Shares of the new weights that are tried: 1 is the fine-tuned network itself."""
FINER = (0.925, 0.775, 0.65, 0.6, 0.475, 0.325)
"""Those that are tried where each of `FACTORS` is worse in something."""

NO_GAIN = "No network between the old and the fine-tuned weights scores better than the old one on held-out photographs"


@dataclass(frozen=True)
class Chosen:
    """The network between the old and the new one that may replace the old one, or the best that may not."""

    model: KerasModel
    factor: float
    """Share of the new weights."""
    changes: list[Change]
    worse: list[str]
    """What is worse than before; empty where it may replace the old one."""


def choose_between(task: Task, old: KerasModel, new: KerasModel, before: Sequence[Measured], max_drop: float) -> Chosen:
    """Choose the network with the best score among those between two that are worse in nothing.

    Where each of `FACTORS` is worse in something, those of `FINER` are tried: what one gains and forgets changes fast
    along the line.

    Args:
        task: measures both on its held-out pictures.
        old: the network before fine-tuning.
        new: the same network after it.
        before: metrics of the old one.
        max_drop: see `what_is_worse`.

    Returns:
        Where every one is worse in something, or scores no better than the old one, the one with the best score.
    """
    line = _Line(task, old, new, before, max_drop)
    best = line.best_of(FACTORS)
    finer = line.best_of(FINER) if best.worse else best
    return best if finer.worse else finer


class _Line:
    """The networks between an old and a new one, which are compared with the old one."""

    def __init__(
        self, task: Task, old: KerasModel, new: KerasModel, before: Sequence[Measured], max_drop: float
    ) -> None:
        assert isinstance(task, ComparesModels)  # as every task of TASKS is
        self._task, self._ends = task, (old.get_weights(), new.get_weights())
        self._before, self._max_drop = before, max_drop
        self._old_score = task.validate(old).get("score", 0.0)
        self._model = task.build()

    def best_of(self, factors: Sequence[float]) -> Chosen:
        """The one with the best score that is worse in nothing; where there is none, the one with the best score."""
        scores = {factor: self._task.validate(self._at(factor)).get("score", factor) for factor in factors}
        best: Chosen | None = None
        for factor in sorted(factors, key=lambda one: (-scores[one], -one)):
            chosen = self._compared(factor, scores[factor])
            if best is None or not chosen.worse:
                best = chosen
            if not chosen.worse:
                break
        assert best is not None  # there are factors
        return best

    def _compared(self, factor: float, score: float) -> Chosen:
        assert isinstance(self._task, ComparesModels)
        changes = compare(self._before, self._task.measure(self._at(factor)))
        worse = what_is_worse(changes, self._max_drop) or ([] if score > self._old_score else [NO_GAIN])
        model = self._task.build()
        model.set_weights(interpolate(*self._ends, factor))
        return Chosen(model, factor, changes, worse)

    def _at(self, factor: float) -> KerasModel:
        self._model.set_weights(interpolate(*self._ends, factor))
        return self._model


def interpolate(old: Sequence[NDArray[Any]], new: Sequence[NDArray[Any]], factor: float) -> list[NDArray[Any]]:
    """Weights between two lists of them: the old ones at 0, the new ones at 1.

    Statistics of batch normalisation are interpolated, too. What isn't a number with a fraction, such as the state of a
    random layer, is the new one's.
    """
    return [(a + factor * (b - a)).astype(b.dtype) if b.dtype.kind == "f" else b for a, b in zip(old, new, strict=True)]
