"""Which labelled pictures a run holds out of training, and which its weights have learnt: one answer for everybody.

The record of what was learnt travels with the weights, run after run. It holds hashes of the pictures' files alone,
from which no plate can be recovered.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from lpr_edge.contract.base.errors import DataError, LprError
from lpr_edge.contract.base.text_files import parse_json, read_text
from lpr_edge.contract.country import UNREADABLE
from lpr_edge.contract.data.label_file import TRAINING_SPLIT
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto
from lpr_edge.contract.run.folder import CARD, SEEN

DIGITS = 32
"""Of a SHA-256 that are kept: 128 bits distinguish any number of pictures."""

T = TypeVar("T")


@dataclass(frozen=True)
class HoldOut:
    """How a run divides its photographs into training and held-out ones."""

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
        """Choose the held-out groups by the seed: all folds of a seed partition the groups in the same way."""
        names = sorted(set(groups))
        np.random.default_rng(self.seed).shuffle(names)
        chosen = names[self.fold - 1 :: self.folds] if self.folds else names[: round(self.share * len(names))]
        return frozenset(chosen)


def vehicle_groups(photos: Sequence[Sequence[PlateLabel]]) -> list[str]:
    """Group name of each photograph, given its plates: photographs that share a plate's number share the group.

    So a split can keep photographs of one vehicle together.
    """
    name_of: dict[str, str] = {}
    names = []
    for i, plates in enumerate(photos):
        texts = vehicle_numbers(plates)
        known = next((name_of[text] for text in texts if text in name_of), f"group {i}")
        name_of.update(dict.fromkeys(texts, known))
        names.append(known)
    return names


def vehicle_numbers(plates: Sequence[PlateLabel]) -> list[str]:
    """Last four characters of each legible plate: photographs that share them are assumed to show the same vehicle."""
    texts = ("".join(plate.rows) for plate in plates)
    return [text[-4:] for text in texts if UNREADABLE not in text]


def held_out_groups(photos: Sequence[PlatePhoto], groups: Sequence[str], parts: HoldOut) -> frozenset[str]:
    """Choose the held-out groups among those with ground truth: votes aren't ground truth.

    Args:
        photos: of the training split.
        groups: of each photograph.
        parts: which part is held out.
    """
    return parts.choose(group for photo, group in zip(photos, groups, strict=True) if photo.is_ground_truth)


def seen_by_training(photos: Sequence[PlatePhoto], training: Mapping[str, Any]) -> list[bool]:
    """Whether each photograph may have been used to train a network.

    Args:
        photos: all of the training split, in the file's order; of other splits any.
        training: the settings of its run, from a model's manifest.

    Returns:
        Of the training split, False for what the run held out, or where it learnt from rendered pictures alone. A run
        that started from another's weights has seen what that one had, and all of it where the manifest doesn't say.
        All counts as seen where the run learnt from a second folder (`also`): the manifest doesn't say which this is.
    """
    groups = vehicle_groups([photo.plates for photo in photos])
    learnt = _learnt(training, photos, groups)
    return [photo.split == TRAINING_SPLIT and is_learnt for photo, is_learnt in zip(photos, learnt, strict=True)]


def _learnt(training: Mapping[str, Any], photos: Sequence[PlatePhoto], groups: Sequence[str]) -> list[bool]:
    """Whether each photograph was used by a run or by the runs of its initial weights."""
    is_shown = training.get("data") and training.get("real_share", 1.0) > 0
    held = held_out_groups(photos, groups, _hold_out_of(training))
    sources = str(training.get("sources", ""))
    shown = zip(photos, groups, strict=True)
    own = [bool(is_shown) and group not in held and is_source(photo.source, sources) for photo, group in shown]
    if is_shown and training.get("also"):
        return [True] * len(photos)
    if not training.get("init"):
        return own
    before = training.get("began_from")
    earlier = _learnt(before, photos, groups) if before else [True] * len(photos)
    return [mine or theirs for mine, theirs in zip(own, earlier, strict=True)]


def is_source(source: str, sources: str) -> bool:
    """Whether a photograph's source is in a comma-separated list; an empty list matches all."""
    names = [name.strip() for name in sources.split(",") if name.strip()]
    return not names or source in names


def _hold_out_of(training: Mapping[str, Any]) -> HoldOut:
    return HoldOut(
        float(training.get("holdout", 0.0)),
        int(training.get("seed", 0)),
        int(training.get("fold", 0)),
        int(training.get("folds", 0)),
    )


@dataclass(frozen=True)
class SeenPictures:
    """Images that weights were trained on, directly or through their initial weights."""

    hashes: frozenset[str] = frozenset()
    """First `DIGITS` hexadecimal digits of the SHA-256 of each picture's file."""
    is_complete: bool = True
    """False where its starting weights have no record: what they were trained on isn't known."""
    labels: frozenset[str] = frozenset()
    """Labels that these pictures show; empty where no run has noted them."""

    @staticmethod
    def of(sha256: Iterable[str], labels: Iterable[str] = ()) -> "SeenPictures":
        """Pictures by the hashes of their files, and the labels that they show."""
        return SeenPictures(frozenset(digest[:DIGITS] for digest in sha256), labels=frozenset(labels))

    def has(self, sha256: str) -> bool:
        """Whether an image is in the set, by its file's hash."""
        return sha256[:DIGITS] in self.hashes

    def unseen(self, items: Sequence[T], sha256_of: Callable[[T], str]) -> list[T]:
        """Items that aren't in the set; their hashes are computed only if the set isn't empty."""
        return [item for item in items if not self.has(sha256_of(item))] if self.hashes else list(items)

    def and_also(self, other: "SeenPictures") -> "SeenPictures":
        """Union with another set."""
        is_complete = self.is_complete and other.is_complete
        return SeenPictures(self.hashes | other.hashes, is_complete, self.labels | other.labels)

    def to_json(self) -> str:
        """JSON for a run folder: equal sets give equal bytes."""
        values = {"complete": self.is_complete, "sha256": sorted(self.hashes)}
        values |= {"labels": sorted(self.labels)} if self.labels else {}
        return json.dumps(values, indent=0, ensure_ascii=False) + "\n"


def read_seen(run: Path) -> SeenPictures:
    """Read the set of images that a run's weights were trained on.

    Args:
        run: its folder, or a file in it.

    Returns:
        Nothing, completely, for a run that its card says learnt from rendered pictures alone; nothing, incompletely,
        where neither a record nor a card says so.

    Raises:
        DataError: the record is damaged.
    """
    folder = run if run.is_dir() else run.parent
    path = folder / SEEN
    if not path.is_file():
        return SeenPictures(is_complete=_is_rendered_alone(folder / CARD))
    try:
        values = parse_json(read_text(path))
        labels = frozenset(map(str, values.get("labels", ())))
        return SeenPictures(frozenset(map(str, values["sha256"])), values["complete"] is True, labels)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is damaged ({error!r}): copy the run again") from error


def _is_rendered_alone(card: Path) -> bool:
    try:
        training = parse_json(read_text(card))["training"]
        return not training["data"] and not training["init"]
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return False
