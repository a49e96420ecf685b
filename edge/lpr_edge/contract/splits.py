"""Which labelled photographs a run holds out of training: one answer for the training and for who measures it later."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lpr_edge.contract.country import UNREADABLE
from lpr_edge.contract.data import PlateLabel, PlatePhoto
from lpr_edge.contract.errors import LprError

TRAINING_SPLIT = "train"
"""The one split that networks learn from; a part of it is held out by groups."""


@dataclass(frozen=True)
class HoldOut:
    """How a run parts its photographs."""

    share: float
    """Of the groups, those held out; without meaning where there are folds."""
    seed: int
    fold: int = 0
    """The part held out, from 1; 0 where `share` says it."""
    folds: int = 0
    """In how many parts the groups are cut, each held out once by one of as many runs."""

    def __post_init__(self) -> None:
        """Refuse a fold that isn't there.

        Raises:
            LprError: `fold` isn't one of `folds`, or one part alone would be all of the photographs.
        """
        if ((self.fold or self.folds) and not 1 <= self.fold <= self.folds) or self.folds == 1:
            raise LprError(
                f"Settings `fold` and `folds` are {self.fold} and {self.folds}, and they must be a part from 1 on and "
                "how many parts there are, 2 or more; or both 0."
            )

    def choose(self, groups: Iterable[str]) -> frozenset[str]:
        """The groups held out, drawn by the seed alone: every fold of a seed draws the same parts."""
        names = sorted(set(groups))
        np.random.default_rng(self.seed).shuffle(names)
        chosen = names[self.fold - 1 :: self.folds] if self.folds else names[: round(self.share * len(names))]
        return frozenset(chosen)


def vehicle_groups(photos: Sequence[Sequence[PlateLabel]]) -> list[str]:
    """A name a photograph, given each one's plates: those that share a plate's number share it.

    So a split can keep photographs of one vehicle together.
    """
    name_of: dict[str, str] = {}
    names = []
    for i, plates in enumerate(photos):
        texts = ["".join(plate.rows)[-4:] for plate in plates if UNREADABLE not in "".join(plate.rows)]
        known = next((name_of[text] for text in texts if text in name_of), f"group {i}")
        name_of.update(dict.fromkeys(texts, known))
        names.append(known)
    return names


def seen_by_training(photos: Sequence[PlatePhoto], training: Mapping[str, Any]) -> list[bool]:
    """Tell of each photograph whether a network may have learnt from it.

    Args:
        photos: all of the training split, in the file's order; of other splits any.
        training: the settings that a model's manifest tells of its run.

    Returns:
        Of the training split, False for what the run held out, or where it learnt from rendered pictures alone. A run
        that started from another's weights has seen what that one had, and all of it where the manifest doesn't tell.
    """
    groups = vehicle_groups([photo.plates for photo in photos])
    learnt = _learnt(training, frozenset(groups))
    return [photo.split == TRAINING_SPLIT and group in learnt for photo, group in zip(photos, groups, strict=True)]


def _learnt(training: Mapping[str, Any], groups: frozenset[str]) -> frozenset[str]:
    """The groups of which a run, or one that it began from, was shown photographs."""
    is_shown = training.get("data") and training.get("real_share", 1.0) > 0
    own = groups - _hold_out_of(training).choose(groups) if is_shown else frozenset()
    if not training.get("init"):
        return own
    before = training.get("began_from")
    return own | _learnt(before, groups) if before else groups


def _hold_out_of(training: Mapping[str, Any]) -> HoldOut:
    return HoldOut(
        float(training.get("holdout", 0.0)),
        int(training.get("seed", 0)),
        int(training.get("fold", 0)),
        int(training.get("folds", 0)),
    )
