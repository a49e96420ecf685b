"""Readings of one vehicle, frame after frame, become one event.

A vehicle is followed by its plate, read or not: where the plate is expected from its motion, and by its text where it
was out of sight or moves too fast. The same frames give the same events.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from lpr_edge.capture.frame import Frame
from lpr_edge.contract.geometry import quad_iou
from lpr_edge.contract.metrics import edit_distance
from lpr_edge.contract.rows import labels_of
from lpr_edge.text.decoding import PlateDecoder
from lpr_edge.text.parsed import Parsed
from lpr_edge.tracking.association import are_two, associate, distance
from lpr_edge.tracking.event import Event
from lpr_edge.tracking.motion import Motion
from lpr_edge.tracking.track import Track, Vehicles, Voter
from lpr_edge.vision.plates import Effort, ExpectedPlate, FoundPlate, PlateReading, Reading

Accepts = Callable[[Reading], bool]
"""Whether what the votes say may be announced."""

LEFT_AFTER = timedelta(seconds=1)
"""A vehicle that was not seen for this time has left."""
GAP = timedelta(seconds=10)
"""One that is back before so long hasn't been away: the detector lost it, or something hid it."""
SAME_PLACE_IOU = 0.7
"""From this IoU on, a plate stands where one stood that was lost."""
MAX_LOST_TIME = timedelta(seconds=2)
"""A plate that comes back so soon near where it is expected, and reads much the same, is of the same vehicle."""
MAX_RETURN_DISTANCE = 1.5
"""How near that is, in its longer sides."""
MAX_CHANGED_SHARE = 0.4
"""Share of characters that may differ then."""
UNREAD = Reading((), Parsed(None, False, {}, ""), np.zeros((4, 2), np.float32))
"""Of a proposal that hasn't been read."""


class TrackObserver(Protocol):
    """Observes the readings behind the events."""

    def on_announced(self, track: Track, vote: Reading) -> None:
        """A vehicle is announced; its single readings are still stored in the track."""

    def on_reading(self, track: Track, plate: PlateReading, frame: Frame) -> None:
        """A vehicle's plate was seen in one more frame."""

    def on_left(self, track: Track) -> None:
        """A vehicle has left without being announced."""


class Tracker:
    """Follows the vehicles of one source."""

    def __init__(
        self,
        decoder: PlateDecoder,
        gap: timedelta = GAP,
        accepts: Accepts = lambda _: True,
        threshold: float = 0.0,
        observer: TrackObserver | None = None,
    ) -> None:
        """Create a tracker without vehicles.

        Args:
            decoder: of the reader whose plates these are.
            gap: a vehicle that is back before so long has no second event.
            accepts: what it refuses of a vehicle is no event; more frames of it may still make one.
            threshold: detections of a lower score continue vehicles, and begin none.
            observer: sees the readings behind the events.
        """
        self._observer = observer
        self._accepts = accepts
        self._voter: Voter = lambda evidence: evidence.result(decoder)
        self._gap = max(gap, LEFT_AFTER)
        self._threshold = threshold
        self._tracks: list[Track] = []
        self._gone: list[Track] = []
        self._count = 0
        self._updated: datetime | None = None
        """Time of the last frame."""
        self._resumes = False
        self._resumed_at: datetime | None = None
        """When the first frame came after a reload, in which nobody could be seen; None where there was none."""

    @property
    def vehicles(self) -> Vehicles:
        """The state for `resume`."""
        return Vehicles(self._tracks, self._gone, self._count)

    def resume(self, vehicles: Vehicles) -> None:
        """Continue from the state of another tracker with the same source and decoder."""
        self._tracks, self._gone, self._count = vehicles.tracks, vehicles.gone, vehicles.count
        self._resumes = True

    def plan(self, found: Sequence[FoundPlate], time: datetime, views: int = 1) -> list[Effort]:
        """Choose how much work each proposal of a frame gets, before any is read.

        Args:
            found: proposals, low-scoring ones too.
            time: of the frame.
            views: times that a plate may be read which isn't settled.
        """
        given = associate(self._tracks, [PlateReading(plate, UNREAD) for plate in found], time, self._threshold)
        return [self._effort(given.get(place), plate, time, views) for place, plate in enumerate(found)]

    def _effort(self, track: Track | None, plate: FoundPlate, time: datetime, views: int) -> Effort:
        if track is None:
            return Effort(int(plate.score >= self._threshold))
        return track.effort(plate, time, views)

    def expected(self, time: datetime) -> list[ExpectedPlate]:
        """Where the plates of the present vehicles are expected."""
        return [track.expected(time) for track in self._tracks]

    def is_idle(self, time: datetime) -> bool:
        """Whether no present vehicle needs more frames for now."""
        return all(
            track.is_idle(time) and (track.announced or track.last_seen == self._updated) for track in self._tracks
        )

    def update(self, frame: Frame, plates: Sequence[PlateReading]) -> list[Event]:
        """Process a frame's plates; returns the events of vehicles that have left, then of newly settled readings."""
        self._updated = frame.time
        gone = self._leave(frame.time)
        given = associate(self._tracks, plates, frame.time, self._threshold)
        for place, plate in enumerate(plates):
            track = given.get(place)
            if track is not None:
                self._continue(track, plate, frame)
            elif plate.found.score >= self._threshold:
                self._begin(frame, plate)
        settled = [track for track in self._tracks if not track.announced and track.has_settled(self._voter)]
        return self._end(gone) + self._announce(settled)

    def wait(self, time: datetime, clock_set: timedelta = timedelta()) -> list[Event]:
        """Process a moment without an image; returns the events of vehicles that have left meanwhile.

        Args:
            time: now.
            clock_set: by how much the clock was set since the last frame: what was seen before is moved along.
        """
        for track in self._tracks + self._gone:
            track.shift(clock_set)
        self._resumed_at = self._resumed_at and self._resumed_at + clock_set
        return self._end(self._leave(time))

    def flush(self) -> list[Event]:
        """Events of the vehicles that were still present at the end."""
        tracks, self._tracks = self._tracks, []
        self._gone += tracks
        return self._end(tracks)

    def _continue(self, track: Track, plate: PlateReading, frame: Frame) -> None:
        """Add a frame to a vehicle's track, or start a track for the next vehicle if it has taken this one's place."""
        if track.announced is None or not are_two(track.announced, plate.reading):
            if plate.reading.text and not plate.is_carried:
                track.contradictions.clear()
            self._add(track, plate, frame)
        elif track.add_contradiction(plate, frame):
            others, track.contradictions = track.contradictions, []
            self._tracks.remove(track)
            self._gone.append(track)
            after = self._begin(others[0][1], others[0][0])
            for other, seen in others[1:]:
                self._add(after, other, seen)
        else:
            track.motion.see(plate.found.quad_xy, frame.time)

    def _add(self, track: Track, plate: PlateReading, frame: Frame) -> None:
        track.add(plate, frame)
        if self._observer and not plate.is_carried:
            self._observer.on_reading(track, plate, frame)

    def _leave(self, time: datetime) -> list[Track]:
        """End the tracks of vehicles that have left, and forget those that left longer ago than the gap."""
        if self._resumes:
            self._resumes, self._resumed_at = False, time
        gone = [track for track in self._tracks if time - self._away_since(track) > LEFT_AFTER]
        self._tracks = [track for track in self._tracks if track not in gone]
        self._gone = [track for track in self._gone if time - track.last_seen <= self._gap] + gone
        return gone

    def _away_since(self, track: Track) -> datetime:
        """The time from which an unseen vehicle counts as away."""
        return max(track.last_seen, self._resumed_at) if self._resumed_at else track.last_seen

    def _end(self, tracks: Sequence[Track]) -> list[Event]:
        """Events of vehicles that have left; what isn't announced by then never is."""
        events = self._announce(tracks)
        for track in tracks:
            if self._observer and not track.announced and track.candidates:
                self._observer.on_left(track)
        return events

    def _announce(self, tracks: Iterable[Track]) -> list[Event]:
        """Events of tracks without one, unless the same vehicle was announced within the gap."""
        events = []
        for track in tracks:
            if track.announced or not track.candidates:
                continue
            reading = self._voter(track.evidence)
            if not self._accepts(reading):
                track.refused_at = track.last_seen
                continue
            before = self._earlier(track, reading)
            if before is None:
                events.append(track.event(reading))
                if self._observer:
                    self._observer.on_announced(track, reading)
                track.mark_announced(reading, events[-1].id)
            else:
                track.mark_announced(before.announced or reading, before.event_id)
        return events

    def _earlier(self, track: Track, reading: Reading) -> Track | None:
        """The announced track of the same vehicle, if it was lost and has come back; None for a new vehicle."""
        for other in reversed(self._gone + self._tracks):
            if other is not track and other.announced and track.first_seen - other.last_seen <= self._gap:
                away = track.first_seen - other.last_seen
                if other.announced.text == reading.text or (
                    away > timedelta() and _is_back(other, other.announced, track, reading)
                ):
                    return other
        return None

    def _begin(self, frame: Frame, plate: PlateReading) -> Track:
        self._count += 1
        track = Track(self._count, frame.time, frame.time, Motion(plate.found.quad_xy, frame.time), plate.found.quad_xy)
        self._add(track, plate, frame)
        self._tracks.append(track)
        return track


def _is_back(before: Track, announced: Reading, now: Track, reading: Reading) -> bool:
    """Whether two tracks in sequence are of one vehicle although their texts differ."""
    changed = edit_distance(labels_of(announced.characters), labels_of(reading.characters))
    if quad_iou(before.quad_xy, now.quad_xy) >= SAME_PLACE_IOU and changed <= 1:
        return True
    is_near = distance(before.motion.predict(now.first_seen), now.first_xy) <= MAX_RETURN_DISTANCE
    soon = now.first_seen - before.last_seen <= MAX_LOST_TIME
    return soon and is_near and changed <= MAX_CHANGED_SHARE * len(labels_of(announced.characters))
