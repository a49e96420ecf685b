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

    Args:
        task: measures both on its held-out pictures.
        old: the network before fine-tuning.
        new: the same network after it.
        before: metrics of the old one.
        max_drop: see `what_is_worse`.

    Returns:
        Where every one is worse in something, or scores no better than the old one, the one with the best score.
    """
    assert isinstance(task, ComparesModels)  # as every task of TASKS is
    ends = old.get_weights(), new.get_weights()
    model, scores, old_score = task.build(), {}, task.validate(old).get("score", 0.0)
    for factor in FACTORS:
        model.set_weights(interpolate(*ends, factor))
        scores[factor] = task.validate(model).get("score", factor)
    best: Chosen | None = None
    for factor in sorted(FACTORS, key=lambda one: (-scores[one], -one)):
        model.set_weights(interpolate(*ends, factor))
        changes = compare(before, task.measure(model))
        worse = what_is_worse(changes, max_drop) or ([] if scores[factor] > old_score else [NO_GAIN])
        if best is None or not worse:
            best = Chosen(_built(task, interpolate(*ends, factor)), factor, changes, worse)
        if not worse:
            break
    assert best is not None  # there are factors
    return best


def interpolate(old: Sequence[NDArray[Any]], new: Sequence[NDArray[Any]], factor: float) -> list[NDArray[Any]]:
    """Weights between two lists of them: the old ones at 0, the new ones at 1.

    Statistics of batch normalisation are interpolated, too. What isn't a number with a fraction, such as the state of a
    random layer, is the new one's.
    """
    return [(a + factor * (b - a)).astype(b.dtype) if b.dtype.kind == "f" else b for a, b in zip(old, new, strict=True)]


def _built(task: Task, weights: list[NDArray[Any]]) -> KerasModel:
    model = task.build()
    model.set_weights(weights)
    return model
