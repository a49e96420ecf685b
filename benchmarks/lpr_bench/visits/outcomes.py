"""Match events with visits, and score them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lpr_bench.visits.clips import Mark, Visit
from lpr_bench.visits.play import ObservedEvent, PlayedClip
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.metrics import edit_distance

NEAR = 0.6
"""An event is of the plate whose middle is nearer than this share of that plate's longer side."""
SLACK_S = 1.5
"""In real clips an event may come so long before a visit or after it."""


@dataclass(frozen=True)
class VisitOutcome:
    """One visit with its events."""

    visit: Visit
    events: tuple[ObservedEvent, ...]
    legible_s: float | None
    """When its plate was first legible; None where it never was."""
    strip: tuple[Image, ...] = ()

    @property
    def has_right(self) -> bool:
        """Whether an event has its text."""
        return any(event.text == self.visit.text for event in self.events)

    @property
    def is_once_and_right(self) -> bool:
        """Whether it has exactly one event, with its text."""
        return len(self.events) == 1 and self.has_right

    @property
    def delay_s(self) -> float | None:
        """Seconds from the first legible frame to the first right event; None without one."""
        right = [event.time_s for event in self.events if event.text == self.visit.text]
        return None if not right or self.legible_s is None else max(0.0, right[0] - self.legible_s)


@dataclass(frozen=True)
class ClipOutcome:
    """Results of a clip's visits, and its false events."""

    name: str
    visits: tuple[VisitOutcome, ...]
    false_events: tuple[ObservedEvent, ...]
    """Events of nobody's plate."""
    seconds: float
    frames: int
    cpu_s: float
    skipped: int = 0
    """Frames that weren't looked at."""


def match_events(played: PlayedClip) -> ClipOutcome:
    """Assign each event to its visit."""
    visits = played.clip.visits
    own: dict[int, list[ObservedEvent]] = {number: [] for number in range(len(visits))}
    false = []
    for event in played.events:
        number, is_known = visit_at(event.quad_xy, event.marks) if event.marks is not None else _time_of(event, visits)
        if number is not None:
            own[number].append(event)
        elif not is_known:
            false.append(event)
    outcomes = tuple(
        VisitOutcome(visit, tuple(own[number]), played.legible_s.get(number), tuple(played.strips.get(number, ())))
        for number, visit in enumerate(visits)
    )
    return ClipOutcome(
        played.clip.name, outcomes, tuple(false), played.clip.seconds, played.frames, played.cpu_s, played.skipped
    )


def visit_at(quad_xy: Quad, marks: Sequence[Mark]) -> tuple[int | None, bool]:
    """The visit whose plate is at corners (4, 2) of a frame, and whether any plate is there."""
    near = [(_distance(quad_xy, mark), mark) for mark in marks]
    distance, mark = min(near, key=lambda pair: pair[0], default=(np.inf, None))
    return (mark.visit, True) if mark is not None and distance < NEAR else (None, False)


def _distance(quad_xy: Quad, mark: Mark) -> float:
    """Distance of the centres, relative to the plate's longer side."""
    apart = float(np.linalg.norm(quad_xy.mean(axis=0) - mark.quad_xy.mean(axis=0)))
    return apart / float(np.ptp(mark.quad_xy, axis=0).max())


def _time_of(event: ObservedEvent, visits: Sequence[Visit]) -> tuple[int | None, bool]:
    """The visit of that time with the most similar text."""
    there = [
        number
        for number, visit in enumerate(visits)
        if event.first_s <= visit.last_s + SLACK_S and event.last_s >= visit.first_s - SLACK_S
    ]
    if not there:
        return None, False
    return min(there, key=lambda number: edit_distance(list(event.text), list(visits[number].text))), True
