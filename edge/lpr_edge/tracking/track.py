"""A track: one vehicle, followed by its plate, with its position and readings."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.geometry import quad_size
from lpr_edge.tracking.event import Event, Vote
from lpr_edge.tracking.evidence import PlateEvidence
from lpr_edge.tracking.motion import Motion
from lpr_edge.vision.plates import Effort, ExpectedPlate, FoundPlate, PlateReading, Reading

Voter = Callable[[PlateEvidence], Reading]
"""Makes one reading of all evidence."""

SETTLED = 4
"""Frames that read what all together say, from which a plate may be announced."""
NEEDED = ((0.8, SETTLED), (0.7, 5), (0.0, 8))
"""Confidences of the vote, and how many such frames are enough from there on; chosen on clips of train photographs that
no network has learnt: with fewer, more texts were wrong."""
MAX_WAIT = timedelta(seconds=5)
"""A vehicle that stays is announced after so long, however its readings flicker."""
RETRY_AFTER = timedelta(seconds=1)
"""What was refused of a vehicle that stays is counted again after so long."""
MAX_CANDIDATES = 20
"""Texts of one vehicle that are kept, each with its best frame: one that is never announced may stay for hours."""
READ_AGAIN = timedelta(seconds=1)
"""An announced vehicle's plate is read after so long, to notice another vehicle in its place; until then followed."""
FIRST_FRAMES = 2
"""Readings of a plate before it is read several times in a frame: many plates settle without."""
BEST = 0.9
"""Height of a plate, relative to the largest before, from which a frame is one of its best."""
DOUBTFUL = 4
"""Frames in which a plate is read without a character, from which it most likely is none."""
CONTRADICTIONS = 3
"""So many frames one after the other that say the same, quite other text are of the next vehicle."""


@dataclass
class Candidate:
    """A text that was read: how often, and the frame with its highest confidence."""

    plate: PlateReading
    frame: Frame
    count: int = 1

    def add(self, plate: PlateReading, frame: Frame) -> None:
        """Count one more reading of the text."""
        self.count += 1
        if plate.reading.confidence > self.plate.reading.confidence:
            self.plate, self.frame = plate, frame


@dataclass(eq=False)
class Track:
    """One vehicle, followed by its plate."""

    number: int
    first_seen: datetime
    last_seen: datetime
    motion: Motion
    first_xy: Quad
    """(4, 2) corners where it was first seen."""
    latest: Reading | None = None
    """What its plate read last; None before it was read."""
    read_at: datetime | None = None
    """When its plate was read last, with a text or without."""
    frames: int = 0
    """In how many it was read."""
    textless: int = 0
    """In how many it was read without a character."""
    announced: Reading | None = None
    """What was announced; None before."""
    event_id: str = ""
    """Of the event in which it was announced; empty before."""
    refused_at: datetime | None = None
    """When what its readings said was last refused; None before."""
    candidates: dict[str, Candidate] = field(default_factory=dict)
    evidence: PlateEvidence = field(default_factory=PlateEvidence)
    contradictions: list[tuple[PlateReading, Frame]] = field(default_factory=list)
    """Latest readings of quite another text, after it was announced."""

    @property
    def current_reading(self) -> Reading | None:
        """The announced reading or, before that, the latest one; None before any."""
        return self.announced or self.latest

    @property
    def quad_xy(self) -> Quad:
        """(4, 2) corners where it was last seen."""
        return self.motion.quad_xy

    def add(self, plate: PlateReading, frame: Frame) -> None:
        """Add the vehicle's plate in one more frame."""
        self.last_seen = frame.time
        self.motion.see(plate.found.quad_xy, frame.time)
        if plate.is_carried:
            return
        self.read_at = frame.time
        if not plate.reading.text:
            self.textless += 1
            return
        self.latest = plate.reading
        self.frames += 1
        if self.announced:
            return
        self.evidence.add(plate.reading)
        candidate = self.candidates.get(plate.reading.text)
        if candidate is None:
            self._make_room()
            self.candidates[plate.reading.text] = Candidate(plate, frame)
        else:
            candidate.add(plate, frame)

    def effort(self, plate: FoundPlate, time: datetime, views: int) -> Effort:
        """How much work its plate gets in a frame.

        Args:
            plate: as it was found.
            time: of the frame.
            views: times that it may be read.
        """
        if self.announced:
            is_due = self.read_at is None or bool(self.contradictions) or time - self.read_at >= READ_AGAIN
            return Effort() if is_due else Effort(0, self.announced)
        waits = self.refused_at is not None and time - self.refused_at < RETRY_AFTER
        largest = max((frame.size_px for frame in self.evidence.frames), default=0.0)
        is_best = self.frames >= FIRST_FRAMES and quad_size(plate.quad_xy)[1] >= BEST * largest
        return Effort(views if is_best and not waits else 1)

    def expected(self, time: datetime) -> ExpectedPlate:
        """Where its plate is expected at a time."""
        is_settled = self.announced is not None and not self.contradictions
        return ExpectedPlate(self.motion.predict(time), is_settled, not self.latest and self.textless >= DOUBTFUL)

    def is_idle(self, time: datetime) -> bool:
        """Whether it needs no more frames for now: it is announced, or its vote was refused a moment ago."""
        if self.announced:
            return not self.contradictions
        if not self.candidates:
            return time - self.first_seen >= MAX_WAIT
        return self.refused_at is not None and time - self.refused_at < RETRY_AFTER

    def _make_room(self) -> None:
        """Drop the least frequent candidate if there are too many; its evidence is kept."""
        if len(self.candidates) == MAX_CANDIDATES:
            least = min(self.candidates.items(), key=lambda item: (item[1].count, item[1].plate.reading.confidence))
            del self.candidates[least[0]]

    def add_contradiction(self, plate: PlateReading, frame: Frame) -> bool:
        """Add a reading that contradicts the announced one; True if the next vehicle has taken this one's place."""
        if self.contradictions and self.contradictions[-1][0].reading.text != plate.reading.text:
            self.contradictions.clear()
        self.contradictions.append((plate, frame))
        return len(self.contradictions) >= CONTRADICTIONS

    def has_settled(self, voter: Voter) -> bool:
        """Whether more frames would hardly change the vote."""
        if not self.candidates or self._was_just_refused():
            return False
        if self.last_seen - self.first_seen >= MAX_WAIT:
            return True
        if all(candidate.count < SETTLED for candidate in self.candidates.values()):
            return False
        voted = voter(self.evidence)
        candidate = self.candidates.get(voted.text)
        if candidate is None:
            return False
        return any(voted.confidence >= confidence and candidate.count >= frames for confidence, frames in NEEDED)

    def _was_just_refused(self) -> bool:
        return self.refused_at is not None and self.last_seen - self.refused_at < RETRY_AFTER

    def event(self, reading: Reading) -> Event:
        """Make the vehicle's event from the reading that the vote gave."""
        best = self._best_candidate(reading)
        name = f"{self.first_seen:%Y%m%dT%H%M%S}{self.first_seen.microsecond // 1000:03d}-{self.number}"
        plate = replace(best.plate, reading=replace(reading, quad_xy=best.plate.reading.quad_xy), is_confident=True)
        return Event(name, plate, best.frame, self.first_seen, self.last_seen, self.frames, self._votes())

    def mark_announced(self, reading: Reading, event_id: str) -> None:
        """Record the announced reading and its event's id; evidence and images are released."""
        self.announced, self.event_id, self.candidates, self.evidence = reading, event_id, {}, PlateEvidence()

    def shift(self, span: timedelta) -> None:
        """Shift all times after the clock was set."""
        self.first_seen += span
        self.last_seen += span
        self.motion.shift(span)
        self.refused_at = self.refused_at and self.refused_at + span
        self.read_at = self.read_at and self.read_at + span

    def _best_candidate(self, reading: Reading) -> Candidate:
        """The candidate with the reading's text, else the most confident one with equally long rows."""
        if reading.text in self.candidates:
            return self.candidates[reading.text]
        shape = [len(row) for row in reading.characters]
        alike = [c for c in self.candidates.values() if [len(row) for row in c.plate.reading.characters] == shape]
        return max(alike or self.candidates.values(), key=lambda c: c.plate.reading.confidence)

    def _votes(self) -> tuple[Vote, ...]:
        votes = [Vote(text, c.count, c.plate.reading.confidence) for text, c in self.candidates.items()]
        return tuple(sorted(votes, key=lambda vote: (-vote.frames, -vote.confidence, vote.text)))


@dataclass
class Vehicles:
    """State of a tracker, which the run after a reload continues with."""

    tracks: list[Track]
    """Those that are there."""
    gone: list[Track]
    """Those that were there within the gap."""
    count: int
    """How many there have been."""
