"""Initial weights from another run, and the settings of that run."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.folder import CARD, NETWORK
from lpr_train.base.engine import KerasModel, load_keras


def load_initial_weights(model: KerasModel, source: Path) -> int:
    """Copy weights from another run: all of them or, if the networks differ, those whose name and shape agree.

    If the other network is the same with fewer outputs (labels are only ever appended to an alphabet), its outputs are
    copied, and the additional outputs keep their random initialisation.

    Args:
        model: the network to fill; weights without a counterpart keep their initialisation.
        source: a run folder, or a model.keras.

    Returns:
        Number of weights that were copied.

    Raises:
        LprError: there is no model, or none of its weights fit.
    """
    path = source / NETWORK if source.is_dir() else source
    if not path.is_file():
        raise LprError(f"--init {source}: {path} isn't there. Give a run folder that holds model.keras, or the file.")
    pairs = _partners(model.weights, load_network(path).weights)
    for weight, other in pairs:
        weight.assign(_widened(other, weight))
    if not pairs:
        raise LprError(f"--init {source}: none of its weights fit this network. Was it trained for another task?")
    return len(pairs)


def completed_weights(old: KerasModel, source: Path, new: KerasModel) -> list[NDArray[Any]]:
    """Weights of a network that began from `source`; those that `source` lacks, such as a new head, are a later one's.

    Args:
        old: the network after `load_initial_weights`.
        source: as for `load_initial_weights`.
        new: the same network after training.
    """
    path = source / NETWORK if source.is_dir() else source
    copied = {id(weight): other.shape[-1:] for weight, other in _partners(old.weights, load_network(path).weights)}
    pairs = zip(old.weights, old.get_weights(), new.get_weights(), strict=True)
    return [_kept(own, later, copied[id(weight)]) if id(weight) in copied else later for weight, own, later in pairs]


def _kept(own: NDArray[Any], later: NDArray[Any], outputs: Sequence[int]) -> NDArray[Any]:
    """A weight whose first outputs are the old network's, and the others a later one's."""
    values = later.copy()
    for count in outputs:  # none for a number
        values[..., :count] = own[..., :count]
    return values if outputs else own


def began_from(source: Path) -> dict[str, Any]:
    """Read the settings of the run that provides the initial weights, including those of its own initial run.

    Args:
        source: a run folder, or a model.keras.

    Returns:
        The training section of its model card, completed by earlier runs that still exist; empty without a card.
    """
    card = (source if source.is_dir() else source.parent) / CARD
    training: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))["training"] if card.is_file() else {}
    return with_initial_runs(training)


def with_initial_runs(training: dict[str, Any]) -> dict[str, Any]:
    """Add the settings of the initial run to a run's settings, recursively, as far as the folders still exist."""
    if not training.get("init"):
        return training
    before = training.get("began_from")
    return training | {"began_from": with_initial_runs(before) if before else began_from(Path(training["init"]))}


def load_network(path: Path) -> KerasModel:
    """Load a `model.keras` that lpr-train wrote, for inference."""
    return load_keras().models.load_model(path, compile=False)


def _partners(weights: list[Any], others: list[Any]) -> list[tuple[Any, Any]]:
    """Pair the weights of a network with those of another one that they are copied from."""
    if len(weights) == len(others) and all(map(_fits, weights, others)):
        # The same network: names may still differ, because Keras numbers unnamed layers by process.
        return list(zip(weights, others, strict=True))
    known = dict(zip(_places(others), others, strict=True))
    pairs = [(weight, known.get(place)) for place, weight in zip(_places(weights), weights, strict=True)]
    return [(weight, other) for weight, other in pairs if other is not None and _fits(weight, other)]


def _places(weights: list[Any]) -> list[str]:
    """Paths of weights with the numbers of unnamed layers counted from the network's first one.

    Keras numbers unnamed layers by type and process, in the order in which they are made; so networks that are made
    alike at first have these places in common, whatever comes after.
    """
    numbers: dict[str, set[int]] = {}
    split = [_NUMBERED.fullmatch(weight.path) for weight in weights]
    for match in split:
        if match:
            numbers.setdefault(match["name"], set()).add(int(match["number"] or 0))
    ranks = {name: {number: rank for rank, number in enumerate(sorted(own))} for name, own in numbers.items()}
    return [
        f"{match['name']}_{ranks[match['name']][int(match['number'] or 0)]}{match['rest']}" if match else weight.path
        for match, weight in zip(split, weights, strict=True)
    ]


_NUMBERED = re.compile(r"(?P<name>.*?)(_(?P<number>\d+))?(?P<rest>/[^/]*)")


def _fits(weight: Any, other: Any) -> bool:
    """Whether a weight can be copied: equal shapes, or fewer outputs in the last axis."""
    ours, theirs = tuple(weight.shape), tuple(other.shape)
    return ours == theirs or (bool(ours) and ours[:-1] == theirs[:-1] and ours[-1] > theirs[-1])


def _widened(other: Any, weight: Any) -> Any:
    """The other weight's values, extended by this weight's own initialisation for the missing outputs."""
    if tuple(other.shape) == tuple(weight.shape):
        return other
    values = np.array(weight.numpy())
    values[..., : other.shape[-1]] = other.numpy()
    return values
