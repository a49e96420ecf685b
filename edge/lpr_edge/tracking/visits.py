"""Visits of vehicles: adds directions to events, and reports the departure of vehicles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import sqrt
from typing import Protocol

import numpy as np

from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Floats, Quad
from lpr_edge.contract.geometry import quad_size
from lpr_edge.tracking.event import Event
from lpr_edge.tracking.line import Crossing
from lpr_edge.tracking.path import Path
from lpr_edge.tracking.track import Track, Vehicles
from lpr_edge.vision.plates import PlateReading

EDGE = 0.01
"""A plate nearer than this share of the frame's longer side to its edge may be cut off."""


@dataclass
class Visit:
    """One vehicle's visit, over all its tracks."""

    path: Path
    last_seen: datetime
    event: Event | None = None
    """As it was announced, with the picture that shows the plate best so far; None before."""
    read: dict[int, int] = field(default_factory=dict)
    """Number of a track -> frames in which it was read."""

    def see(self, track: Track, frame: Frame, keeps_picture: bool) -> None:
        """Update with a frame in which a track was seen."""
        self.path.see(track.quad_xy, _size_of(frame))
        self.last_seen, self.read[track.number] = track.last_seen, track.frames
        if (
            keeps_picture
            and self.event
            and _picture_quality(track.quad_xy, frame) > _picture_quality(self.event.quad_xy, self.event.frame)
        ):
            self.event = _with_picture(self.event, frame, track.quad_xy)

    def join(self, later: "Visit") -> None:
        """Merge a later visit that turned out to be of the same vehicle."""
        self.path.join(later.path)
        self.last_seen = later.last_seen
        self.read |= later.read

    def left(self, event: Event) -> Event:
        """Make the event of the vehicle's departure from the event of its plate."""
        return replace(
            event,
            kind="left",
            last_seen=max(event.last_seen, self.last_seen),
            frames=max(event.frames, sum(self.read.values())),
            direction=self.path.direction,
        )


@dataclass
class VehiclesAndVisits:
    """State of `Visits`, which the run after a reload continues with."""

    vehicles: Vehicles
    visits: dict[int, Visit]


class PlateTracker(Protocol):
    """Makes the events of plates, see `Tracker`."""

    @property
    def vehicles(self) -> Vehicles: ...  # noqa: D102
    def resume(self, vehicles: Vehicles) -> None: ...  # noqa: D102
    def update(self, frame: Frame, plates: Sequence[PlateReading]) -> list[Event]: ...  # noqa: D102
    def wait(self, time: datetime, clock_set: timedelta = ...) -> list[Event]: ...  # noqa: D102
    def flush(self) -> list[Event]: ...  # noqa: D102


class Visits:
    """A tracker whose events carry a direction, and which also reports vehicles that have left.

    A vehicle has left when it isn't back within the tracker's gap: one that was hidden meanwhile has one visit.
    """

    def __init__(self, tracker: PlateTracker, line: Floats | None = None, reports_left: bool = False) -> None:
        """Wrap a tracker.

        Args:
            tracker: gives the events of plates.
            line: (2, 2) see `Line`: its crossing is the direction.
            reports_left: whether there are events of vehicles that have left.
        """
        self._tracker = tracker
        self._line = line
        self._reports_left = reports_left
        self._visits: dict[int, Visit] = {}
        """By the number of each track; several tracks of one vehicle share it."""

    @property
    def vehicles(self) -> VehiclesAndVisits:
        """The state for `resume`."""
        return VehiclesAndVisits(self._tracker.vehicles, self._visits)

    def resume(self, state: VehiclesAndVisits) -> None:
        """Continue from the state of another tracker with the same source and decoder."""
        self._tracker.resume(state.vehicles)
        self._visits = state.visits
        for visit in self._visits.values():
            visit.path.crossing = self._crossing()

    def update(self, frame: Frame, plates: Sequence[PlateReading]) -> list[Event]:
        """Process a frame's plates; returns the events of plates, then those of vehicles that have left."""
        events = self._tracker.update(frame, plates)
        for track in self._tracker.vehicles.tracks:
            if track.motion.time == frame.time:
                self._visit_of(track).see(track, frame, self._reports_left)
        return self._directed(events) + self._leave()

    def wait(self, time: datetime, clock_set: timedelta = timedelta()) -> list[Event]:
        """Process a moment without an image, see `Tracker.wait`."""
        events = self._tracker.wait(time, clock_set)
        if clock_set:
            for visit in {id(visit): visit for visit in self._visits.values()}.values():
                _shift(visit, clock_set)
        return self._directed(events) + self._leave()

    def flush(self) -> list[Event]:
        """Events of all vehicles that were present at the end; each of them leaves with it."""
        events = self._directed(self._tracker.flush())
        self._join()
        visits, self._visits = self._visits, {}
        return events + self._left(visits.values())

    def _visit_of(self, track: Track) -> Visit:
        return self._visits.setdefault(track.number, Visit(Path(self._crossing()), track.last_seen))

    def _crossing(self) -> Crossing | None:
        return None if self._line is None else Crossing(self._line)

    def _directed(self, events: Iterable[Event]) -> list[Event]:
        """Add the direction so far to events of plates, and store each event in its visit."""
        tracks = {track.event_id: track for track in self._tracks() if track.event_id}
        announced = []
        for event in events:
            visit = self._visit_of(tracks[event.id])
            directed = replace(event, direction=visit.path.direction)
            visit.event = directed
            announced.append(directed)
        return announced

    def _leave(self) -> list[Event]:
        """Remove the visits of tracks that the tracker has forgotten; returns the events of those that had one."""
        self._join()
        numbers = {track.number for track in self._tracks()}
        there = {id(visit) for number, visit in self._visits.items() if number in numbers}
        gone = [visit for visit in self._visits.values() if id(visit) not in there]
        self._visits = {number: visit for number, visit in self._visits.items() if id(visit) in there}
        return self._left(gone)

    def _join(self) -> None:
        """Merge visits whose tracks turned out to be of one vehicle."""
        first: dict[str, Visit] = {visit.event.id: visit for visit in self._visits.values() if visit.event}
        for track in self._tracks():
            own, whole = self._visits.get(track.number), first.get(track.event_id)
            if own is not None and whole is not None and own is not whole:
                whole.join(own)
                self._visits[track.number] = whole

    def _tracks(self) -> list[Track]:
        vehicles = self._tracker.vehicles
        return vehicles.gone + vehicles.tracks

    def _left(self, visits: Iterable[Visit]) -> list[Event]:
        once = {id(visit): visit for visit in visits}.values()
        return [visit.left(visit.event) for visit in once if visit.event] if self._reports_left else []


def _shift(visit: Visit, span: timedelta) -> None:
    """Shift a visit's times after the clock was set; its id stays."""
    visit.last_seen += span
    if visit.event:
        event = visit.event
        visit.event = replace(event, first_seen=event.first_seen + span, last_seen=event.last_seen + span)


def _with_picture(event: Event, frame: Frame, quad_xy: Quad) -> Event:
    """Replace the event's image of the plate."""
    reading = replace(event.plate.reading, quad_xy=np.asarray(quad_xy, np.float32))
    return replace(event, frame=frame, plate=replace(event.plate, reading=reading))


def _picture_quality(quad_xy: Quad, frame: Frame) -> float:
    """Size in pixels of a plate (4, 2) in a frame; 0 if the frame's edge may cut it."""
    height, width = _size_of(frame)
    near, far = EDGE * max(height, width), np.array([width, height])
    if (quad_xy < near).any() or (quad_xy > far - near).any():
        return 0.0
    wide, high = quad_size(quad_xy)
    return sqrt(wide * high)


def _size_of(frame: Frame) -> tuple[int, int]:
    height, width = frame.image_bgr.shape[:2]
    return height, width
