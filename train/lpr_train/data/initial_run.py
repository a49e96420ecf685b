"""Images that a run's initial weights were trained on: metrics leave them out."""

import sys
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import TypeVar

from lpr_edge.contract.data.splits import SeenPictures, read_seen

T = TypeVar("T")


def images_of_initial_run(init: str) -> SeenPictures:
    """The images that the initial weights were trained on.

    Args:
        init: a run folder or a model.keras; empty for a run without initial weights.
    """
    return read_seen(Path(init)) if init else SeenPictures()


def unseen_by_initial_run(init: str, held_out: Sequence[T], sha256_of: Callable[[T], str]) -> list[T]:
    """Remove held-out images that the initial weights were trained on: metrics on them would be too good.

    Args:
        init: as for `images_of_initial_run`.
        held_out: images that the run doesn't train on.
        sha256_of: computes the SHA-256 of an image's file.
    """
    kept = images_of_initial_run(init).unseen(held_out, sha256_of)
    if len(kept) < len(held_out):
        count = f"{len(held_out) - len(kept)} of {len(held_out)} held-out images"
        print(
            f"lpr-train: {count} were training images of {init}: all metrics leave them out",
            file=sys.stderr,
        )
    return kept


def without_examples(labels: Sequence[str], shown: Set[str], init: str) -> tuple[str, ...]:
    """The labels that no real example shows, neither of a run nor of its initial weights.

    Args:
        labels: all labels of the network.
        shown: those on the run's own examples.
        init: as for `images_of_initial_run`.
    """
    known = shown | images_of_initial_run(init).labels
    return tuple(label for label in labels if label not in known)
