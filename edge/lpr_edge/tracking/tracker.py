"""Readings of one vehicle, frame after frame, become one event.

A vehicle is followed by the overlap of its plate from frame to frame, or by its text where it moves too fast for that.
The same frames give the same events.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.geometry import quad_iou
from lpr_edge.contract.metrics import edit_distance
from lpr_edge.text.decoding import PlateDecoder
from lpr_edge.vision.plates import PlateReading, Reading
from lpr_edge.vision.voting import PlateVoter

Voter = Callable[[PlateVoter], Reading]
"""Counts the votes."""
Accepts = Callable[[Reading], bool]
"""Tells whether what the votes say may be announced."""

SETTLED = 3
"""A plate of which so many frames read what all together say is announced."""
PATIENCE = timedelta(seconds=5)
"""A vehicle that stays is announced after so long, however its readings flicker."""
GONE_AFTER = timedelta(seconds=1)
"""A vehicle that hasn't been seen for so long has gone."""
GAP = timedelta(seconds=10)
"""One that is back before so long hasn't been away: the detector lost it, or something hid it."""
OVERLAP = 0.3
"""Least IoU of one plate in successive frames."""
UNMOVED = 0.7
"""From this IoU on, a plate stands where one stood that was lost."""
ASK_AGAIN = timedelta(seconds=1)
"""What was refused of a vehicle that stays is counted again after so long."""
MOST_CANDIDATES = 20
"""Texts of one vehicle that are kept, each with its best frame: one that is never announced may stay for hours."""
ALIKE = 0.5
"""Two valid readings that differ in more than this share of their characters are of two vehicles."""


@dataclass(frozen=True)
class Vote:
    """What some frames of a vehicle read."""

    text: str
    frames: int
    confidence: float
    """Of the surest of them."""


@dataclass(frozen=True)
class Event:
    """A plate that was seen."""

    id: str
    """The time it was first seen, and the vehicle's number: the same for the same clip."""
    plate: PlateReading
    """What all readings together say, where it stood in `frame`."""
    frame: Frame
    """That of the surest reading of this text, or else of this shape."""
    first_seen: datetime
    last_seen: datetime
    frames: int
    """In how many frames it was read, whatever the text."""
    votes: tuple[Vote, ...]
    """What was read, the most frequent first."""

    @property
    def frame_bgr(self) -> Image:
        """(H, W, 3) uint8: the frame that shows the plate best."""
        return self.frame.image_bgr

    @property
    def quad_xy(self) -> Quad:
        """(4, 2) float32 corners of the plate in that frame."""
        return self.plate.reading.quad_xy

    @property
    def voted(self) -> Reading:
        """The vote over all readings."""
        return self.plate.reading


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
    told: Reading | None = None
    """What was announced; None before."""
    refused_at: datetime | None = None
    """When what its readings said was last refused; None before."""
    candidates: dict[str, Candidate] = field(default_factory=dict)
    votes: PlateVoter = field(default_factory=PlateVoter)

    def add(self, plate: PlateReading, frame: Frame) -> None:
        """Take the vehicle's reading in one more frame."""
        self.last_seen, self.latest = frame.time, plate.reading
        self.frames += 1
        if self.told:
            return
        self.votes.add(plate.reading)
        candidate = self.candidates.get(plate.reading.text)
        if candidate is None:
            self._make_room()
            self.candidates[plate.reading.text] = Candidate(plate, frame)
        else:
            candidate.add(plate, frame)

    def _make_room(self) -> None:
        """Forget the least of too many texts; its votes stay."""
        if len(self.candidates) == MOST_CANDIDATES:
            least = min(self.candidates.items(), key=lambda item: (item[1].count, item[1].plate.reading.confidence))
            del self.candidates[least[0]]

    def has_settled(self, voter: Voter) -> bool:
        """Tell whether more frames would hardly change what the vehicle's readings say."""
        if self.refused_at is not None and self.last_seen - self.refused_at < ASK_AGAIN:
            return False
        if self.last_seen - self.first_seen >= PATIENCE:
            return True
        if all(candidate.count < SETTLED for candidate in self.candidates.values()):
            return False
        candidate = self.candidates.get(voter(self.votes).text)
        return candidate is not None and candidate.count >= SETTLED

    def event(self, reading: Reading) -> Event:
        """The vehicle's event, given what its readings say together."""
        best = self._shows(reading)
        name = f"{self.first_seen:%Y%m%dT%H%M%S}{self.first_seen.microsecond // 1000:03d}-{self.number}"
        plate = replace(best.plate, reading=replace(reading, quad_xy=best.plate.reading.quad_xy), is_confident=True)
        return Event(name, plate, best.frame, self.first_seen, self.last_seen, self.frames, self._votes())

    def tell(self, reading: Reading) -> None:
        """Note what was announced; votes and pictures are let go."""
        self.told, self.candidates, self.votes = reading, {}, PlateVoter()

    def _shows(self, reading: Reading) -> Candidate:
        """Where the text was read best; where it won without being read, the surest reading of its shape."""
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
    """All that a tracker knows, for the run that follows a reload."""

    tracks: list[Track]
    """Those that are there."""
    gone: list[Track]
    """Those that were there within the gap."""
    count: int
    """How many there have been."""


class Tracker:
    """Follows the vehicles of one source."""

    def __init__(
        self,
        decoder: PlateDecoder,
        gap: timedelta = GAP,
        accepts: Accepts = lambda _: True,
    ) -> None:
        """Begin without vehicles.

        Args:
            decoder: of the reader whose plates these are.
            gap: a vehicle that is back before so long has no second event.
            accepts: what it refuses of a vehicle is no event; more frames of it may still make one.
        """
        self._accepts = accepts
        self._voter: Voter = lambda votes: votes.result(decoder)
        self._gap = max(gap, GONE_AFTER)
        self._tracks: list[Track] = []
        self._gone: list[Track] = []
        self._count = 0
        self._resumes = False
        self._resumed_at: datetime | None = None
        """When the first frame came after a reload, in which nobody could be seen; None where there was none."""

    @property
    def vehicles(self) -> Vehicles:
        """What `resume` takes."""
        return Vehicles(self._tracks, self._gone, self._count)

    def resume(self, vehicles: Vehicles) -> None:
        """Go on where another tracker of the same source and decoder ended a moment ago."""
        self._tracks, self._gone, self._count = vehicles.tracks, vehicles.gone, vehicles.count
        self._resumes = True

    def update(self, frame: Frame, plates: Sequence[PlateReading]) -> list[Event]:
        """Take a frame's plates; the events of vehicles that have gone, then of those whose reading has settled."""
        gone = self._leave(frame.time)
        for plate, track in self._assign(plates):
            (track or self._begin(frame, plate)).add(plate, frame)
        settled = [track for track in self._tracks if not track.told and track.has_settled(self._voter)]
        return self._announce(gone) + self._announce(settled)

    def wait(self, time: datetime, clock_set: timedelta = timedelta()) -> list[Event]:
        """Let time pass without a picture; the events of vehicles that have gone meanwhile.

        Args:
            time: now.
            clock_set: by how much the clock was set since the last frame: what was seen before is moved along.
        """
        for track in self._tracks + self._gone:
            track.first_seen += clock_set
            track.last_seen += clock_set
            track.refused_at = track.refused_at and track.refused_at + clock_set
        self._resumed_at = self._resumed_at and self._resumed_at + clock_set
        return self._announce(self._leave(time))

    def flush(self) -> list[Event]:
        """The events of the vehicles that were there at the end."""
        tracks, self._tracks = self._tracks, []
        self._gone += tracks
        return self._announce(tracks)

    def _leave(self, time: datetime) -> list[Track]:
        """The vehicles that aren't there any more; those that were gone for longer than the gap are forgotten."""
        if self._resumes:
            self._resumes, self._resumed_at = False, time
        gone = [track for track in self._tracks if time - self._looked_for(track) > GONE_AFTER]
        self._tracks = [track for track in self._tracks if track not in gone]
        self._gone = [track for track in self._gone if time - track.last_seen <= self._gap] + gone
        return gone

    def _looked_for(self, track: Track) -> datetime:
        """From when on a vehicle that isn't seen counts as away."""
        return max(track.last_seen, self._resumed_at) if self._resumed_at else track.last_seen

    def _announce(self, tracks: Iterable[Track]) -> list[Event]:
        """The events of vehicles that have none yet, and haven't just been here."""
        events = []
        for track in tracks:
            if track.told:
                continue
            reading = self._voter(track.votes)
            if not self._accepts(reading):
                track.refused_at = track.last_seen
                continue
            before = self._earlier(track, reading)
            if before is None:
                events.append(track.event(reading))
            track.tell(before or reading)
        return events

    def _earlier(self, track: Track, reading: Reading) -> Reading | None:
        """What was announced of the vehicle, if it was lost and is back; None where it is new."""
        for other in reversed(self._gone + self._tracks):
            away = track.first_seen - other.last_seen
            if other.told and timedelta() < away <= self._gap and _is_back(other, other.told, track, reading):
                return other.told
        return None

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


def _is_back(before: Track, told: Reading, now: Track, reading: Reading) -> bool:
    """Tell whether two tracks, one after the other, are of one vehicle."""
    if told.text == reading.text:
        return True
    stands = quad_iou(before.latest.quad_xy, now.latest.quad_xy) >= UNMOVED
    return stands and edit_distance(_labels(told), _labels(reading)) <= 1
