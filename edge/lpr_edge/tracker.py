"""Readings of one vehicle, frame after frame, become one event.

A vehicle is followed by the overlap of its plate from frame to frame, or by its text where it moves too fast for that.
The same frames give the same events.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lpr_edge.contract.geometry import quad_iou
from lpr_edge.contract.metrics import edit_distance
from lpr_edge.frames import Frame
from lpr_edge.pipeline import PlateReading
from lpr_edge.reader import Reading

SETTLED = 3
"""A plate that has been read the same way in so many frames is announced."""
GONE_AFTER = timedelta(seconds=1)
"""A vehicle that hasn't been seen for so long has gone."""
OVERLAP = 0.3
"""Least IoU of one plate in successive frames."""
ALIKE = 0.5
"""Two valid readings that differ in more than this share of their characters are of two vehicles."""


@dataclass(frozen=True)
class Event:
    """A plate that was seen."""

    id: str
    """The time it was first seen, and the vehicle's number: the same for the same clip."""
    plate: PlateReading
    """The surest reading of the text that was read most often."""
    frame: Frame
    """The frame of that reading."""
    first_seen: datetime
    last_seen: datetime
    frames: int
    """In how many frames it was read, whatever the text."""


@dataclass
class Candidate:
    """A text that was read, how often, and where best."""

    plate: PlateReading
    frame: Frame
    count: int = 1

    def add(self, plate: PlateReading, frame: Frame) -> None:
        """Count one more reading of the text."""
        self.count += 1
        if plate.reading.confidence > self.plate.reading.confidence:
            self.plate, self.frame = plate, frame


@dataclass
class Track:
    """One vehicle."""

    number: int
    first_seen: datetime
    last_seen: datetime
    latest: Reading
    frames: int = 0
    announced: bool = False
    candidates: dict[str, Candidate] = field(default_factory=dict)

    def add(self, plate: PlateReading, frame: Frame) -> None:
        """Take the vehicle's reading in one more frame."""
        self.last_seen, self.latest = frame.time, plate.reading
        self.frames += 1
        if self.announced:
            return
        candidate = self.candidates.get(plate.reading.text)
        if candidate is None:
            self.candidates[plate.reading.text] = Candidate(plate, frame)
        else:
            candidate.add(plate, frame)

    def best(self) -> Candidate:
        """The text read most often; of several the surest, then the first."""
        return max(self.candidates.values(), key=lambda c: (c.count, c.plate.reading.confidence))

    def announce(self) -> Event:
        """The vehicle's one event; pictures kept for it are let go."""
        best = self.best()
        self.announced = True
        self.candidates = {}
        name = f"{self.first_seen:%Y%m%dT%H%M%S}{self.first_seen.microsecond // 1000:03d}-{self.number}"
        return Event(name, best.plate, best.frame, self.first_seen, self.last_seen, self.frames)


class Tracker:
    """Follows the vehicles of one source."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._count = 0

    def update(self, frame: Frame, plates: Sequence[PlateReading]) -> list[Event]:
        """Take a frame's plates; the events of vehicles that have gone, then of those whose reading has settled."""
        gone = [track for track in self._tracks if frame.time - track.last_seen > GONE_AFTER]
        self._tracks = [track for track in self._tracks if track not in gone]
        for plate, track in self._assign(plates):
            (track or self._begin(frame, plate)).add(plate, frame)
        settled = [track for track in self._tracks if not track.announced and track.best().count >= SETTLED]
        return _announce(gone) + _announce(settled)

    def flush(self) -> list[Event]:
        """The events of the vehicles that were there at the end."""
        tracks, self._tracks = self._tracks, []
        return _announce(tracks)

    def _begin(self, frame: Frame, plate: PlateReading) -> Track:
        self._count += 1
        track = Track(self._count, frame.time, frame.time, plate.reading)
        self._tracks.append(track)
        return track

    def _assign(self, plates: Sequence[PlateReading]) -> list[tuple[PlateReading, Track | None]]:
        """Each plate with its track, the best pairs first; None for a new vehicle."""
        pairs = [
            (likeness(t.latest, plates[p].reading), t.number, p, t) for t in self._tracks for p in range(len(plates))
        ]
        found: dict[int, Track] = {}
        for score, _, place, track in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
            if score > 0 and place not in found and track not in found.values():
                found[place] = track
        return [(plate, found.get(place)) for place, plate in enumerate(plates)]


def likeness(before: Reading, now: Reading) -> float:
    """How well two readings of successive frames fit one vehicle; 0 where they don't."""
    if before.text == now.text:
        return 1 + quad_iou(before.quad_xy, now.quad_xy)
    overlap = quad_iou(before.quad_xy, now.quad_xy)
    return overlap if overlap >= OVERLAP and not _are_two(before, now) else 0.0


def _are_two(a: Reading, b: Reading) -> bool:
    """Tell whether two readings are surely of different plates."""
    longer = max(len(a.char_confidences), len(b.char_confidences))
    return a.parsed.valid and b.parsed.valid and edit_distance(_labels(a), _labels(b)) > ALIKE * longer


def _labels(reading: Reading) -> list[str]:
    return [character.label for row in reading.characters for character in row]


def _announce(tracks: Iterable[Track]) -> list[Event]:
    return [track.announce() for track in tracks if not track.announced]
