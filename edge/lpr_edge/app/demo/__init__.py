"""The demo: a short rendered video, compared with its ground truth."""

import json
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.base.log import log_info
from lpr_edge.capture.frame import Source
from lpr_edge.capture.video_file import open_clip
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.metrics import edit_distance
from lpr_edge.contract.records import Record
from lpr_edge.tracking.event import Event
from lpr_edge.tracking.event_record import event_record

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Shown:
    """A plate in the video."""

    text: str
    first: int
    """The first frame that it is in."""
    last: int
    """The last one."""


class GroundTruth:
    """Ground truth of a video, and the number of right readings."""

    def __init__(self, shown: list[Shown]) -> None:
        self.shown = shown
        self.read: set[int] = set()
        self.wrong = 0

    def describe(self, event: Event) -> Record:
        """An event's record with two more fields: `truth` (null for a false positive) and `right`.

        A record of kind `left` has neither.
        """
        if event.kind == "left":
            return event_record(event)
        place = self._nearest(event)
        truth = None if place is None else self.shown[place].text
        right = event.plate.reading.text == truth
        if right and place is not None:
            self.read.add(place)
        else:
            self.wrong += 1
        return event_record(event) | {"truth": truth, "right": right}

    def summary(self) -> str:
        """Summary in one line."""
        missed = [plate.text for place, plate in enumerate(self.shown) if place not in self.read]
        line = f"{len(self.read)} of {len(self.shown)} plates read right, {self.wrong} wrong"
        return f"{line}; not read: {', '.join(missed)}" if missed else line

    def _nearest(self, event: Event) -> int | None:
        """The plate of the event's frame with the most similar text."""
        there = [place for place, plate in enumerate(self.shown) if plate.first <= event.frame.index <= plate.last]
        text = event.plate.reading.text
        return min(there, key=lambda place: edit_distance(text, self.shown[place].text), default=None)


def load_ground_truth(path: Path) -> GroundTruth:
    """Read the ground truth: `{"plates": [{"rows": [...], "first": frame, "last": frame}, ...]}`."""
    plates = json.loads(path.read_text(encoding="utf-8"))["plates"]
    return GroundTruth([Shown("".join(plate["rows"]), plate["first"], plate["last"]) for plate in plates])


def open_demo() -> tuple[Source, GroundTruth]:
    """Open the video and its ground truth.

    Raises:
        LprError: this installation has no clip.
    """
    clip, truth = FOLDER / "clip.mp4", FOLDER / "truth.json"
    if not (clip.exists() and truth.exists()):
        raise LprError("this installation has no demo clip: install lpr again, or read your own with --source FILE")
    return open_clip(clip), load_ground_truth(truth)


def report(truth: GroundTruth, frames: int, milliseconds: float) -> None:
    """Print the result on stderr."""
    pace = f"{frames} frames, {milliseconds / max(1, frames):.1f} ms each in detector and reader"
    log_info(f"demo: {truth.summary()} ({pace})")
