"""Starting a run from another one's weights."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from lpr_edge.contract.errors import LprError
from lpr_edge.contract.splits import SeenPictures, read_seen
from lpr_train.base.engine import KerasModel, load_keras

T = TypeVar("T")


def load_initial_weights(model: KerasModel, source: Path) -> int:
    """Take over another run's weights: all of them, or, from a network that differs, where name and shape agree.

    Of the same network with fewer outputs (a reader whose alphabet has grown since: labels are only ever appended), the
    outputs that it has are taken over, and the appended ones keep their own start.

    Args:
        model: the network to fill; what finds no partner keeps its own start.
        source: a run folder, or a model.keras.

    Returns:
        How many weights were taken.

    Raises:
        LprError: there is no model, or nothing in it fits.
    """
    path = source / "model.keras" if source.is_dir() else source
    if not path.is_file():
        raise LprError(f"--init {source}: {path} isn't there. Give a run folder that holds model.keras, or the file.")
    pairs = _partners(model.weights, load_network(path).weights)
    for weight, other in pairs:
        weight.assign(_widened(other, weight))
    if not pairs:
        raise LprError(f"--init {source}: none of its weights fit this network. Was it trained for another task?")
    return len(pairs)


def began_from(source: Path) -> dict[str, Any]:
    """The settings of the run whose weights another takes over, and in them of the one that it began from itself.

    Args:
        source: a run folder, or a model.keras.

    Returns:
        What its card tells, completed by the cards of earlier runs that are still there; empty where it has no card.
    """
    card = (source if source.is_dir() else source.parent) / "model.json"
    training: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))["training"] if card.is_file() else {}
    return with_initial_runs(training)


def images_of_initial_run(init: str) -> SeenPictures:
    """The pictures that the weights which a run begins from have learnt from.

    Args:
        init: a run folder or a model.keras; empty for a run that begins anew.
    """
    return read_seen(Path(init)) if init else SeenPictures()


def unseen_by_initial_run(init: str, held_out: Sequence[T], sha256_of: Callable[[T], str]) -> list[T]:
    """Leave out of the held-out pictures what the starting weights have learnt: figures on it would flatter.

    Args:
        init: as `images_of_initial_run` takes it.
        held_out: what the run doesn't train on.
        sha256_of: the hash of each one's file.
    """
    kept = images_of_initial_run(init).unseen(held_out, sha256_of)
    if len(kept) < len(held_out):
        count = f"{len(held_out) - len(kept)} of {len(held_out)} held-out pictures"
        print(
            f"lpr-train: {count} were learnt by the weights of {init}: they are left out of all figures",
            file=sys.stderr,
        )
    return kept


def with_initial_runs(training: dict[str, Any]) -> dict[str, Any]:
    """A run's settings, and in them those of the run that it began from, as far back as runs are still there."""
    if not training.get("init"):
        return training
    before = training.get("began_from")
    return training | {"began_from": with_initial_runs(before) if before else began_from(Path(training["init"]))}


def load_network(path: Path) -> KerasModel:
    """Read a `model.keras` that lpr-train wrote, to run it."""
    return load_keras().models.load_model(path, compile=False)


def _partners(weights: list[Any], others: list[Any]) -> list[tuple[Any, Any]]:
    """Which weight takes over which other one."""
    if len(weights) == len(others) and all(map(_fits, weights, others)):
        # The same network: names may still differ, because Keras numbers unnamed layers by process.
        return list(zip(weights, others, strict=True))
    by_path = {other.path: other for other in others}
    return [(w, by_path[w.path]) for w in weights if w.path in by_path and by_path[w.path].shape == w.shape]


def _fits(weight: Any, other: Any) -> bool:
    """Whether a weight can take over another: of its shape, or of fewer outputs (last axis)."""
    ours, theirs = tuple(weight.shape), tuple(other.shape)
    return ours == theirs or (bool(ours) and ours[:-1] == theirs[:-1] and ours[-1] > theirs[-1])


def _widened(other: Any, weight: Any) -> Any:
    """The other's values, and the weight's own start in the outputs that the other lacks."""
    if tuple(other.shape) == tuple(weight.shape):
        return other
    values = np.array(weight)
    values[..., : other.shape[-1]] = np.array(other)
    return values
