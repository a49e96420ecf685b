"""The data folder that a device collects: images and label lines, complete after any crash, within a quota."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2

from lpr_edge.base.private_files import make_private_folder
from lpr_edge.collect.example import SOURCE, Example
from lpr_edge.contract.base.text_files import parse_json, read_lines
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.datasets import CROPS
from lpr_edge.contract.data.label_file import HAND, IMAGES, LABELS, changing_labels
from lpr_edge.contract.records import iso_time
from lpr_edge.contract.whole_files import write_whole

PHOTOGRAPHS = "plates"
"""Folder of frames; that of crops is `CROPS`."""
OWN = re.compile(r"\d{8}T\d{9}(-\d+)?\.jpg(\.part)?")
"""Names of the pictures that it writes."""
QUALITY = 92
"""Of its JPEGs."""
NO_LIMIT = timedelta(0)


@dataclass(frozen=True)
class Limits:
    """Maximum size and age of the collected data."""

    quota_bytes: int
    """Of all pictures; 0 for no limit."""
    keep: timedelta
    """Age at which a picture is deleted; 0 for no limit."""


@dataclass
class Kept:
    """A label line, with its age and size for retention."""

    line: str
    name: str
    collected: str
    """When, ISO 8601; empty where it wasn't collected by a device."""
    is_by_hand: bool
    size: int
    """Bytes of its picture."""
    event: str = ""
    """Id of the event that a person corrected in it."""

    @property
    def is_deletable(self) -> bool:
        """Whether retention may delete it; what a person labelled stays."""
        return bool(self.collected) and not self.is_by_hand


class CollectFolder:
    """A folder of collected examples; several processes may add to it."""

    def __init__(
        self, root: Path, country: Country, limits: Limits, with_crops: bool = False, ages: Callable[[], bool] = bool
    ) -> None:
        """Create the folder, and delete incomplete files of a crash.

        Args:
            root: takes `plates/` or `crops/`.
            country: of the plates.
            limits: how much is kept.
            with_crops: keep plates cut out, in place of frames.
            ages: whether the clock is trusted, so that pictures may be deleted for their age.

        Raises:
            OSError: it can't be written.
            DataError: its labels can't be read.
        """
        self._folder = root / (CROPS if with_crops else PHOTOGRAPHS)
        self._country = country
        self._limits = limits
        self._with_crops = with_crops
        self._ages = ages
        self.is_full = False
        """Whether the last example had no room besides what people labelled."""
        make_private_folder(self._images)
        with changing_labels(self._folder) as lines:
            names = {_values(line).get("image") for line in lines}
            for path in self._images.iterdir():
                if OWN.fullmatch(path.name) and path.name not in names:
                    path.unlink()

    @property
    def _images(self) -> Path:
        return self._folder / IMAGES

    def add(self, example: Example, now: datetime | None = None) -> list[str]:
        """Store an example, and delete the oldest ones beyond the limits.

        Args:
            example: a frame with its plates.
            now: for the age of the others; None for the clock.

        Returns:
            The names of its pictures: one, or with crops one a plate; those without room are left out.

        Raises:
            OSError: the disk doesn't take it; what was there stays whole.
            DataError: the labels can't be read.
        """
        parts = _one_by_one(example) if self._with_crops else [example]
        return [name for part in parts if (name := self._add(part, now or datetime.now(UTC)))]

    def _add(self, example: Example, now: datetime) -> str:
        jpeg = cv2.imencode(".jpg", example.frame_bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
        name = ""
        with changing_labels(self._folder) as lines:
            kept = [self._kept(line) for line in lines]
            earlier = [one for one in kept if one.event and one.event == example.event]
            gone = self._beyond_limits([one for one in kept if one not in earlier], len(jpeg), now)
            self.is_full = gone is None
            if gone is not None:
                gone += earlier
                name = self._free_name(example.time, {one.name for one in kept})
                write_whole(self._images / name, jpeg)
                lines[:] = [one.line for one in kept if one not in gone] + [example.line(name, self._country)]
        for one in gone or ():
            with suppress(FileNotFoundError):
                (self._images / one.name).unlink()
        return name

    def _beyond_limits(self, kept: list[Kept], coming: int, now: datetime) -> list[Kept] | None:
        """Lines to delete so that `coming` bytes fit; None if deleting all of them isn't enough."""
        is_deletable = sorted((one for one in kept if one.is_deletable), key=lambda one: one.collected)
        has_age = self._limits.keep > NO_LIMIT and self._ages()
        before = iso_time(now - self._limits.keep) if has_age else ""
        gone = [one for one in is_deletable if one.collected < before]
        left = is_deletable[len(gone) :]
        excess = sum(one.size for one in kept) - sum(one.size for one in gone) + coming - self._limits.quota_bytes
        while self._limits.quota_bytes and excess > 0:
            if not left:
                return None
            oldest = left.pop(0)
            excess -= oldest.size
            gone.append(oldest)
        return gone

    def _kept(self, line: str) -> Kept:
        values = _values(line)
        name = str(values.get("image", ""))
        by_hand = all(plate.get("label", HAND) == HAND for plate in values.get("plates", ()))
        collected = str(values.get("collected", "")) if values.get("source") == SOURCE else ""
        event = str(values.get("event", "")) if collected else ""
        return Kept(line, name, collected, by_hand, _size(self._images / name), event)

    def _free_name(self, time: datetime, taken: set[str]) -> str:
        stem = f"{time:%Y%m%dT%H%M%S}{time.microsecond // 1000:03d}"
        names = (f"{stem}{f'-{number}' if number else ''}.jpg" for number in range(len(taken) + 1))
        return next(name for name in names if name not in taken)


def count_collected(root: Path) -> tuple[int, int]:
    """Count the images that a folder lists, and their bytes.

    Raises:
        OSError: it can't be read.
        DataError: its labels can't be read.
    """
    names = [
        folder / IMAGES / str(_values(line).get("image", ""))
        for folder in (root / PHOTOGRAPHS, root / CROPS)
        if (folder / LABELS).exists()
        for _, line in read_lines(folder / LABELS)
    ]
    return len(names), sum(map(_size, names))


def _one_by_one(example: Example) -> list[Example]:
    return [replace(example, plates=(plate,)).as_crop() for plate in example.plates]


def _values(line: str) -> dict[str, Any]:
    """Parse a line's fields; None for a line that is no object, which is left unchanged."""
    with suppress(ValueError):
        values = parse_json(line)
        if isinstance(values, dict):
            return values
    return {}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
