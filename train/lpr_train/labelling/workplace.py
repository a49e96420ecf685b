"""The images that one person labels: their order and states."""

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import is_hidden, is_picture, read_picture
from lpr_edge.contract.base.text_files import parse_json, read_lines, shown
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.datasets import CROPS
from lpr_edge.contract.data.label_file import HAND, IMAGES, LABELS, UNLABELLED
from lpr_edge.contract.geometry import rectangle
from lpr_train.labelling.journal import Journal, State
from lpr_train.labels.texts import kind_of, legibility

JOURNALS = "labelling"
"""Folder of the journals, next to `images/`."""
Line = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """Assigns images to one of several people by their names."""

    number: int = 1
    count: int = 1

    def has(self, name: str) -> bool:
        """Whether an image is this person's; constant when images are added."""
        return zlib.crc32(name.encode()) % self.count == self.number - 1

    @property
    def journal(self) -> str:
        """File name of its journal."""
        return f"part-{self.number}-of-{self.count}.jsonl"


class Workplace:
    """One person's images; thread-safe for page and readings."""

    def __init__(
        self, folder: Path, country: Country, part: Part, again: bool = False, only: Collection[str] = ()
    ) -> None:
        """Collect the images without a label by hand.

        Args:
            folder: holds `images/`, and `labels.jsonl` where there are labels.
            country: of the plates.
            part: which of the pictures.
            again: also those that a person labelled before.
            only: names of the pictures, labelled or not; none for all of the part.

        Raises:
            DataError: there are no pictures, none of a name in `only`, or a line of the labels can't be read.
            LprError: another program labels the same part.
        """
        self.folder = folder
        self.country = country
        self.is_crops = folder.absolute().name == CROPS
        self._lock = Lock()
        lines = read_label_lines(folder)
        names = sorted(path.name for path in pictures_in(folder) if part.has(path.name))
        for name in only:
            if name not in names:
                raise DataError(f"no picture {name!r} in {shown(folder / IMAGES)}: give the name of a file there")
        shown_again = set(only or (names if again else ()))
        self.names = [name for name in names if name in shown_again or not (only or is_by_hand(lines.get(name)))]
        """The pictures to label."""
        (folder / JOURNALS).mkdir(exist_ok=True)
        self._journal = Journal(folder / JOURNALS / part.journal)
        if not only:
            self.names = sorted({*self.names, *(name for name in names if name in self._journal.states)})
        self._reopened = {name for name in self._journal.states if name in shown_again}
        """Pictures that are shown again, whatever a person has said of them, until they are saved."""
        self._proposed = {name: self._state(lines[name]["plates"]) for name in self.names if name in lines}
        self._skipped: list[str] = []

    def _state(self, plates: Iterable[Mapping[str, Any]]) -> State:
        return {"plates": [self._proposal(plate) for plate in plates], "done": False}

    def _proposal(self, plate: Mapping[str, Any]) -> Line:
        rows = [row for row in plate["rows"] if row] or ["?"]
        own = {"legible": legibility(rows), "kind": kind_of(rows, self.country), "corners": HAND}
        return {**own, **plate, "rows": rows, "accepted": False}

    def to_read(self) -> list[Path]:
        """Images that nobody has read or labelled yet."""
        return [self.path_of(name) for name in self.names if name not in self._proposed and not self._is_known(name)]

    def _is_known(self, name: str) -> bool:
        return name in self._journal.states

    def path_of(self, name: str) -> Path:
        """Path of an image."""
        return self.folder / IMAGES / name

    def propose(self, path: Path, plates: list[Line]) -> None:
        """Store a model's reading; a person's state is kept."""
        if self.is_crops:
            height, width = read_picture(path).shape[:2]
            whole = rectangle((height, width)).tolist()
            plates = [{**plate, "quad": plate["quad"] or whole} for plate in plates] or [_unread(whole)]
        with self._lock:
            self._proposed[path.name] = self._state(plates)

    def state(self, name: str) -> State:
        """State of an image: a person's, else the proposed one."""
        known = self._journal.states.get(name)
        if known and name in self._reopened:
            return {"plates": [{**plate, "accepted": False} for plate in known["plates"]], "done": False}
        return known or self._proposed.get(name) or {"plates": [], "done": False}

    def next_name(self, is_reading: bool = False) -> str | None:
        """The next image to label: begun ones, then lowest confidence, then skipped ones; None if there is none.

        Args:
            is_reading: whether readings still come: then no image is offered before its own, which would look like one
                without plates.
        """
        with self._lock:
            left = [name for name in self.names if not self.state(name)["done"]]
            ready = [name for name in left if name in self._proposed or self._is_known(name)]
            return min(ready or ([] if is_reading else left), key=self._urgency, default=None)

    def _urgency(self, name: str) -> tuple[int, bool, float, str]:
        turn = self._skipped.index(name) + 1 if name in self._skipped else 0
        plates = self.state(name)["plates"]
        confidence = min((plate.get("confidence", 0.0) for plate in plates if not plate["accepted"]), default=0.0)
        return turn, not self._is_known(name), confidence, name

    def skip(self, name: str) -> None:
        """Move an image to the end."""
        with self._lock:
            self._skipped = [*(other for other in self._skipped if other != name), name]

    def save(self, name: str, state: State) -> None:
        """Save a person's state of an image; it is on disk when this returns.

        Raises:
            OSError: the disk doesn't take it.
        """
        with self._lock:
            self._journal.save(name, state)
            self._reopened.discard(name)

    def undo(self) -> str | None:
        """Undo the latest change; returns the image's name, None without a change.

        Raises:
            OSError: the disk doesn't take it.
        """
        with self._lock:
            return self._journal.undo()

    def counts(self) -> dict[str, int]:
        """Number of images, of labelled ones, and of those that a model or person has read."""
        with self._lock:
            done = sum(self.state(name)["done"] for name in self.names)
            known = sum(name in self._proposed or self._is_known(name) for name in self.names)
            return {"pictures": len(self.names), "done": done, "read": known}

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()


def _unread(quad: Any) -> Line:
    return {"quad": quad, "rows": ["?"], "confidence": 0.0}


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a data folder.

    Raises:
        DataError: there are none.
    """
    images = folder / IMAGES
    found = [path for path in images.iterdir() if is_picture(path) and not is_hidden(path)] if images.is_dir() else []
    if not found:
        raise DataError(f"no pictures in {shown(images)}: expected JPEG or PNG files there")
    return found


def read_label_lines(folder: Path) -> dict[str, Line]:
    """Picture -> its line of labels.

    Raises:
        DataError: a line can't be read.
    """
    path = folder / LABELS
    found: dict[str, Line] = {}
    for number, text in read_lines(path) if path.exists() else ():
        try:
            line = parse_json(text)
            found[line["image"]] = {**line, "plates": list(line["plates"])}
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{shown(path)}, line {number}: {error!r}; lpr-train check names each fault") from error
    return found


def is_by_hand(line: Line | None) -> bool:
    """Whether a person labelled an image."""
    by_hand = line is not None and all(plate.get("label", HAND) == HAND for plate in line["plates"])
    return bool(by_hand and line and line.get("split") != UNLABELLED)
