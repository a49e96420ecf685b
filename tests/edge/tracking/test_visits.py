import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.readings import START, frame, new_tracker, plate, sized_plate

from lpr_edge.contract.base.errors import LprError
from lpr_edge.regions.shapes import Line
from lpr_edge.service.handover import VARIABLE, hand_on, take_over
from lpr_edge.tracking.event import Event
from lpr_edge.tracking.event_record import event_record
from lpr_edge.tracking.line import Crossing
from lpr_edge.tracking.visits import Visits
from lpr_edge.vision.plates import PlateReading

SECOND = timedelta(seconds=1)


def follow(frames: Sequence[Sequence[PlateReading]], line: str = "", reports_left: bool = True) -> list[Event]:
    """All events of a clip of ten frames a second."""
    visits = Visits(new_tracker(), Line.parse(line, "line").ends_xy if line else None, reports_left)
    events = [event for index, plates in enumerate(frames) for event in visits.update(frame(index), plates)]
    return events + visits.flush()


def moving(x: Callable[[float], float], y: Callable[[float], float], width: Callable[[float], float]) -> list[Event]:
    """The events of one vehicle over two seconds."""
    return follow([[sized_plate("A104", x(t), y(t), width(t))] for t in np.linspace(0, 1, 20)])


def test_left_comes_once_the_vehicle_is_not_back_within_the_gap() -> None:
    """The vehicle's second event has the id of the first, the whole time that the plate was there, and comes last."""
    visits = Visits(new_tracker(), reports_left=True)
    clip = [[plate("A104")]] * 30 + [[]] * 110
    events = [(index, event) for index, plates in enumerate(clip) for event in visits.update(frame(index), plates)]
    (told_at, told), (left_at, left) = events
    assert (told.kind, left.kind, told.id) == ("plate", "left", left.id)
    assert (left.first_seen, left.last_seen, left.dwell_s) == (START, START + 2.9 * SECOND, 2.9)
    assert (told_at, left_at, left.frames) == (3, 130, 30)
    assert left.plate.reading.text == "A104"
    assert visits.flush() == []


def test_plates_alone_are_the_default() -> None:
    """Without being asked there is no event of a vehicle that has left."""
    assert [event.kind for event in follow([[plate("A104")]] * 5, reports_left=False)] == ["plate"]


def test_a_vehicle_that_was_hidden_leaves_once() -> None:
    """A vehicle that is back within the gap has one visit, from the first time it was seen to the last."""
    plate_event, left = follow([[plate("A104")]] * 5 + [[]] * 50 + [[plate("A104", 150)]] * 6)
    assert (left.kind, left.id, left.frames) == ("left", plate_event.id, 11)
    assert (left.first_seen, left.dwell_s) == (START, 6.0)


def test_a_vehicle_that_was_never_announced_does_not_leave() -> None:
    """What was refused as a plate has no event of either kind."""
    visits = Visits(new_tracker(accepts=lambda _: False), reports_left=True)
    assert [event for i in range(30) for event in visits.update(frame(i), [plate("A104")] if i < 9 else [])] == []
    assert visits.flush() == []


def test_every_vehicle_leaves_by_itself() -> None:
    """Of two vehicles at once each has its two events, with its own times."""
    clip = [[plate("A104", 0), *([plate("L71", 120)] if index < 10 else [])] for index in range(20)]
    events = follow(clip)
    left = {event.plate.reading.text: event.dwell_s for event in events if event.kind == "left"}
    assert left == {"A104": 1.9, "L71": 0.9}
    assert len(events) == 4


def test_left_shows_the_largest_plate_that_is_not_cut_off() -> None:
    """The picture is where the plate is largest and whole, though the reading had settled long before."""
    widths = [30, 34, 38, 42, 46, 50, 54, 58]
    clip = [[sized_plate("A104", 100 if width < 54 else 190, 60, width)] for width in widths]
    told, left = follow(clip)
    assert (told.frame.index, left.frame.index) == (0, 5)
    assert np.ptp(left.quad_xy[:, 0]) == 50


@pytest.mark.parametrize(
    ("direction", "x", "width"),
    [
        ("towards", lambda _: 100.0, lambda t: 20 + 40 * t),
        ("away", lambda _: 100.0, lambda t: 60 - 40 * t),
        ("right", lambda t: 30 + 140 * t, lambda _: 30.0),
        ("left", lambda t: 170 - 140 * t, lambda t: 30 + 3 * t),
        ("towards", lambda t: 100 + 60 * t, lambda t: 15 + 45 * t),
        (None, lambda t: 100 + 2 * t, lambda t: 40 + 2 * t),
    ],
)
def test_direction_is_the_longer_way(
    direction: str | None, x: Callable[[float], float], width: Callable[[float], float]
) -> None:
    """Growing is towards, shrinking away; a way to the side counts in sizes of the plate; standing is no direction."""
    *_, left = moving(x, lambda _: 60.0, width)
    assert left.direction == direction


def test_line_gives_the_direction() -> None:
    """Crossing the line downwards is in where it is drawn from left to right, and out where from right to left."""
    down = [[plate("A104", y=10 + 5 * index)] for index in range(15)]
    for line, clip, expected in (
        ("0,0.5 1,0.5", down, "in"),
        ("1,0.5 0,0.5", down, "out"),
        ("0,0.5,1,0.5", down[::-1], "out"),
        ("0,0.5 1,0.5", down + down[::-1], "out"),
        ("0.7,0.5 1,0.5", down, None),
    ):
        assert follow(clip, line)[-1].direction == expected


def test_plate_has_the_direction_that_is_known() -> None:
    """The first event says that the line was crossed where that is so already, and has no direction before."""
    fast = follow([[plate("A104", y=10 + 25 * index)] for index in range(4)], "0,0.5 1,0.5")
    slow = follow([[plate("A104", y=10 + 5 * index)] for index in range(15)], "0,0.5 1,0.5")
    assert [event.direction for event in fast] == ["in", "in"]
    assert [event.direction for event in slow] == [None, "in"]
    assert "direction" not in event_record(slow[0])


@given(st.lists(st.floats(-0.1, 0.1), max_size=30))
def test_a_plate_that_stops_on_the_line_does_not_flicker(shares: list[float]) -> None:
    """Middles that stay nearer to the line than a seventh of the plate cross it never."""
    crossing = Crossing(Line.parse("0,0.5 1,0.5", "line").ends_xy)
    crossing.see(np.array([50.0, 20.0]), 60, (100, 200))
    for share in shares:
        crossing.see(np.array([50.0, 50.0 + 60 * share]), 60, (100, 200))
    assert crossing.way is None


@pytest.mark.parametrize(
    "text", ["", "0,0.5", "0,0.5 1", "0,0.5 1,0.5 1,1", "a,b c,d", "0,0.5 0,0.5", "0,2 1,0", "nan,0 1,1"]
)
def test_what_is_no_line_is_said(text: str) -> None:
    """Two different points within the frame are a line, and nothing else is."""
    with pytest.raises(LprError, match=rf"`line` is {re.escape(repr(text))}, and it must be two points"):
        Line.parse(text, "line")


def test_left_is_recorded_with_dwell_and_direction() -> None:
    """Both kinds have the same fields in the same order; `left` has `dwell_s` and `direction`, null where unknown."""
    told, left = (event_record(event) for event in follow([[plate("A104")]] * 5))
    assert (told["event"], left["event"], left["dwell_s"], left["direction"]) == ("plate", "left", 0.4, None)
    assert [key for key in left if key not in ("dwell_s", "direction")] == list(told)


def test_visits_go_on_after_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vehicle that was announced before a reload leaves after it, with the time at which it came."""
    monkeypatch.delenv(VARIABLE, raising=False)
    before, after = Visits(new_tracker(), reports_left=True), Visits(new_tracker(), reports_left=True)
    (told,) = [event for index in range(5) for event in before.update(frame(index), [plate("A104")])]
    hand_on(before.vehicles, ["A"], "camera 0")
    after.resume(take_over(["A"], "camera 0"))
    assert [event for index in range(5, 10) for event in after.update(frame(index), [plate("A104")])] == []
    (left,) = after.flush()
    assert (left.kind, left.id, left.dwell_s, left.frames) == ("left", told.id, 0.9, 10)


def test_visits_follow_a_clock_that_is_set() -> None:
    """Where the clock is set during a visit, its times move along, and its length stays."""
    visits, hour = Visits(new_tracker(), reports_left=True), timedelta(hours=1)
    for index in range(5):
        visits.update(frame(index), [plate("A104")])
    visits.wait(frame(5).time + hour, hour)
    later = replace(frame(6), time=frame(6).time + hour)
    visits.update(later, [plate("A104")])
    (left,) = visits.flush()
    assert (left.first_seen, left.last_seen) == (START + hour, later.time)


def test_forgotten_vehicles_leave_nothing_behind() -> None:
    """Memory holds the visits of vehicles that may still come back, and no others."""
    visits = Visits(new_tracker(2 * SECOND), reports_left=True)
    for index in range(400):
        visits.update(frame(index), [plate(f"A{index // 40 % 2}04")] if index % 40 < 5 else [])
    assert len(visits.vehicles.visits) <= 1
