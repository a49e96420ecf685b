"""Chooses which readings are collected: low-confidence ones, and those that contradict a confident vote."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from weakref import WeakKeyDictionary

import numpy as np

from lpr_edge.capture.frame import Frame
from lpr_edge.collect.checked_corners import Read, checked_corners
from lpr_edge.collect.example import Example, LabelledPlate
from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.data.label_file import READING, VOTE
from lpr_edge.contract.geometry import quad_size
from lpr_edge.contract.metrics import edit_distance
from lpr_edge.contract.rows import labels_of
from lpr_edge.text.decoding import TWIN_FIELD
from lpr_edge.tracking.track import Candidate, Track
from lpr_edge.vision.plates import FrameResult, PlateReading, Reading

MAX_PER_VEHICLE = 3
"""Maximum number of a vehicle's frames that its vote labels: further ones would be very similar."""
MIN_CHARACTERS = 3
"""A vehicle that was never announced is collected from so many characters on: fewer are mostly no plate at all."""
MIN_WIDTH_PX = 32.0
"""Minimum width in pixels: narrower plates can't be labelled."""
MIN_ROW_PX = 12.0
"""Minimum height of a row in pixels: a vote labels no frame whose characters can't be read."""
MAX_CHANGED = 0.5
"""Share of characters in which a frame may differ from its vote: further away they are of two plates."""
NEAR_IN_TIME = timedelta(seconds=0.5)
"""A frame's corners lie between those of right readings, one before and one after it, that are no further away."""
MAX_SEEN = 60
"""Readings of a vehicle whose corners are remembered."""
MAX_WAITING = 2
"""Frames of a vehicle that wait for its next right reading."""


class ExampleSink(Protocol):
    """Receives examples."""

    def take(self, example: Example) -> None:
        """Store an example."""

    def close(self) -> None:
        """Finish storing."""


@dataclass(frozen=True)
class CollectRules:
    """Which readings are collected."""

    below: float
    """A vehicle whose vote has a lower confidence than this is collected for labelling."""
    vote: float
    """A vote of at least this confidence labels the frames that read differently."""


@dataclass
class Sightings:
    """Positions and readings of one vehicle that a collector stores."""

    seen: deque[tuple[datetime, str, Quad]] = field(default_factory=lambda: deque(maxlen=MAX_SEEN))
    """Time, text and corners of its latest readings."""
    taken: set[str] = field(default_factory=set)
    """Texts that its vote has labelled already."""
    waiting: list[tuple[PlateReading, Frame]] = field(default_factory=list)
    """Contradicted readings whose corners the next right reading gives."""

    def corners_at(self, time: datetime, text: str) -> Quad | None:
        """Interpolate corners (4, 2) between the right readings before and after; None if one of them is too far away.

        A frame is mostly misread because its corners are wrong, so its own can't be learnt from.
        """
        right = [(when, quad) for when, read, quad in self.seen if read == text and abs(when - time) <= NEAR_IN_TIME]
        before = max((one for one in right if one[0] < time), key=lambda one: one[0], default=None)
        after = min((one for one in right if one[0] > time), key=lambda one: one[0], default=None)
        if before is None or after is None:
            return None
        share = (time - before[0]) / (after[0] - before[0])
        return np.asarray((1 - share) * before[1] + share * after[1], np.float32)


class Collector:
    """Observes the readings of one source, and chooses examples."""

    def __init__(self, rules: CollectRules, examples: ExampleSink, read: Read | None = None) -> None:
        """Create a collector without vehicles.

        Args:
            rules: which readings.
            examples: takes what was picked.
            read: reads a frame again, to find corners; None to take them from right readings before and after alone.
        """
        self._rules = rules
        self._examples = examples
        self._read = read
        self._sightings: WeakKeyDictionary[Track, Sightings] = WeakKeyDictionary()

    def see_picture(self, frame: Frame, result: FrameResult) -> None:
        """Collect a photograph that has a low-confidence reading, with all its plates as read."""
        if result.low_confidence:
            plates = tuple(map(_as_read, result.all_plates))
            self._examples.take(Example(frame.image_bgr, frame.source, frame.time, plates))

    def on_reading(self, track: Track, plate: PlateReading, frame: Frame) -> None:
        """Store a reading's position; one that contradicts the announced text waits for the next right reading."""
        own = self._sightings.setdefault(track, Sightings())
        own.seen.append((frame.time, plate.reading.text, plate.reading.quad_xy))
        vote = track.announced
        if vote is None or not self._labels(vote):
            return
        if plate.reading.text == vote.text:
            waiting, own.waiting = own.waiting, []
            for other, seen in waiting:
                self._take_contradicted(own, vote, other, seen)
        elif plate.reading.text not in own.taken:
            own.waiting = [*own.waiting, (plate, frame)][-MAX_WAITING:]

    def on_announced(self, track: Track, vote: Reading) -> None:
        """Collect from an announced vehicle: its best frame, or the frames that its vote contradicts."""
        if vote.confidence < self._rules.below:
            self._take_best(track)
        elif self._labels(vote):
            own = self._sightings.setdefault(track, Sightings())
            for candidate in sorted(track.candidates.values(), key=lambda one: -one.count):
                self._take_contradicted(own, vote, candidate.plate, candidate.frame)

    def on_left(self, track: Track) -> None:
        """Collect the best frame of a vehicle that left without being announced."""
        self._take_best(track)

    def close(self) -> None:
        """Finish storing the chosen examples."""
        self._examples.close()

    def _take_best(self, track: Track) -> None:
        best: Candidate = max(track.candidates.values(), key=lambda one: one.plate.reading.confidence)
        frame, reading = best.frame, best.plate.reading
        if len(reading.char_confidences) >= MIN_CHARACTERS and quad_size(reading.quad_xy)[0] >= MIN_WIDTH_PX:
            self._examples.take(Example(frame.image_bgr, frame.source, frame.time, (_as_read(best.plate),)))

    def _take_contradicted(self, own: Sightings, vote: Reading, plate: PlateReading, frame: Frame) -> None:
        text = plate.reading.text
        is_new = bool(text) and text not in (vote.text, *own.taken) and len(own.taken) < MAX_PER_VEHICLE
        if not is_new or not is_same_plate(vote, plate.reading):
            return
        quad_xy = self._corners(own, vote, plate, frame)
        if quad_xy is not None and _is_whole(quad_xy, frame) and _row_height(quad_xy, vote) >= MIN_ROW_PX:
            own.taken.add(text)
            labelled = LabelledPlate(quad_xy, vote.rows, VOTE, vote.confidence, text)
            self._examples.take(Example(frame.image_bgr, frame.source, frame.time, (labelled,)))

    def _corners(self, own: Sightings, vote: Reading, plate: PlateReading, frame: Frame) -> Quad | None:
        """Where the plate is in a contradicted frame; None where that isn't known well enough."""
        between = own.corners_at(frame.time, vote.text)
        if self._read is None:
            return between
        proposed = [quad_xy for quad_xy in (between, plate.reading.quad_xy) if quad_xy is not None]
        return checked_corners(self._read, frame.image_bgr, proposed, lambda reading: _changed(vote, reading))

    def _labels(self, vote: Reading) -> bool:
        """Whether the vote is confident enough for a label; the vote of a bilingual plate lacks rows."""
        return vote.confidence >= self._rules.vote and vote.is_valid and TWIN_FIELD not in vote.parsed.fields


def is_same_plate(vote: Reading, reading: Reading) -> bool:
    """Whether a reading is similar enough to a vote to be of the same plate, completely visible."""
    return _changed(vote, reading) <= MAX_CHANGED


def _changed(vote: Reading, reading: Reading) -> float:
    """Share of a vote's characters that a reading has otherwise."""
    voted = labels_of(vote.characters)
    return edit_distance(voted, labels_of(reading.characters)) / max(1, len(voted))


def _is_whole(quad_xy: Quad, frame: Frame) -> bool:
    """Whether a plate (4, 2) lies inside its frame and is wide enough: a cut plate lacks characters of the vote."""
    height, width = frame.image_bgr.shape[:2]
    inside = (quad_xy >= 0).all() and (quad_xy <= (width, height)).all()
    return bool(inside) and quad_size(quad_xy)[0] >= MIN_WIDTH_PX


def _row_height(quad_xy: Quad, vote: Reading) -> float:
    """Height of one row in pixels."""
    return quad_size(quad_xy)[1] / max(1, len(vote.rows))


def _as_read(plate: PlateReading) -> LabelledPlate:
    reading = plate.reading
    return LabelledPlate(reading.quad_xy, tuple(filter(None, reading.rows)), READING, reading.confidence)
