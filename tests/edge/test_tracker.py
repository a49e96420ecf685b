from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.edge.readings import START, frame, plate

from lpr_edge.pipeline import PlateReading
from lpr_edge.tracker import Event, Tracker

Frames = Sequence[Sequence[PlateReading]]


def follow(frames: Frames) -> list[Event]:
    """All events of a clip, those at its end too."""
    tracker = Tracker()
    events = [event for index, plates in enumerate(frames) for event in tracker.update(frame(index), plates)]
    return events + tracker.flush()


def texts(frames: Frames) -> list[str]:
    return [event.plate.reading.text for event in follow(frames)]


def test_plate_read_alike_in_three_frames_is_announced_at_once() -> None:
    """The event comes with the third reading, not when the vehicle has gone, and only once."""
    tracker = Tracker()
    events = [tracker.update(frame(index), [plate("A104", 50 + 2 * index)]) for index in range(20)]
    assert [len(found) for found in events] == [0, 0, 1] + [0] * 17
    event = events[2][0]
    assert (event.plate.reading.text, event.frames) == ("A104", 3)
    assert (event.first_seen, event.last_seen) == (START, START + timedelta(seconds=0.2))
    assert tracker.flush() == []


def test_plate_that_goes_before_it_settles_is_announced_then() -> None:
    """A vehicle seen in one or two frames only is announced when it has been away for a second."""
    tracker = Tracker()
    tracker.update(frame(0), [plate("A10")])
    assert [len(tracker.update(frame(index), [])) for index in range(1, 13)] == [0] * 10 + [1, 0]


def test_flickering_reading_gives_one_event_with_its_surest_frame() -> None:
    """Readings that differ in a character are of one vehicle; the text read most often stands, as it was read best."""
    readings = [plate("A10", score=0.5), plate("A17"), plate("A10", score=0.8), plate("A14"), plate("A10", score=0.6)]
    (event,) = follow([[reading] for reading in readings])
    assert event.plate.reading.text == "A10"
    assert event.plate.reading.confidence == 0.8
    assert event.frame.index == 2


def test_unsettled_vehicle_gets_its_surest_text() -> None:
    """Where no text was read twice, the surest one is taken."""
    assert texts([[plate("A10", score=0.5)], [plate("A17", score=0.9)], [plate("A14", score=0.7)]]) == ["A17"]


def test_short_gap_is_no_second_visit() -> None:
    """A plate hidden for less than a second is still the same vehicle."""
    assert texts([[plate("A10")]] * 4 + [[]] * 8 + [[plate("A10")]] * 4) == ["A10"]


def test_return_after_a_second_is_a_second_visit() -> None:
    """A plate that comes back after more than a second is announced again."""
    assert texts([[plate("A10")]] * 4 + [[]] * 15 + [[plate("A10")]] * 4) == ["A10", "A10"]


def test_two_vehicles_side_by_side() -> None:
    """Each vehicle of a frame is followed on its own, whatever the order of the plates."""
    both = [plate("A10", 10), plate("L47", 120)]
    assert sorted(texts([both, both[::-1], both, both[::-1]])) == ["A10", "L47"]


def test_vehicle_too_fast_for_overlap_is_followed_by_its_text() -> None:
    """A plate that jumps further than its own width, and reads the same, is one vehicle."""
    assert texts([[plate("A10", x)] for x in (0, 100, 200, 300)]) == ["A10"]


def test_next_vehicle_in_the_same_place() -> None:
    """A valid plate of quite other characters in the same place is another vehicle, even without a gap."""
    assert texts([[plate("A104")]] * 4 + [[plate("L77")]] * 4) == ["A104", "L77"]


def test_unreadable_approach_belongs_to_the_vehicle() -> None:
    """Nonsense read while a plate was still far away makes no event of its own."""
    assert texts([[plate("7", 50)], [plate("L", 52)], *[[plate("A104", 54)]] * 4]) == ["A104"]


def test_ids_differ_and_come_back_in_a_replay() -> None:
    """Every event has its own id, and the same clip gives the same events, ids included."""
    clip = [[plate("A10", 10), plate("L47", 120)]] * 4 + [[]] * 15 + [[plate("A10", 10)]] * 4
    first, second = follow(clip), follow(clip)
    assert [event.id for event in first] == [event.id for event in second]
    assert len({event.id for event in first}) == 3
    assert first[0].id == "20260301T060000000-1"


PLATES = st.builds(plate, st.sampled_from(["A10", "A17", "L47", "X", "0A"]), st.sampled_from([0.0, 20.0, 150.0]))


@settings(max_examples=40)
@given(st.lists(st.lists(PLATES, max_size=3), max_size=25))
def test_any_clip_gives_sane_events(clip: list[list[PlateReading]]) -> None:
    """Whatever was read, ids are unique, times run forward, and no event has more frames than the clip."""
    events = follow(clip)
    assert len({event.id for event in events}) == len(events)
    assert all(START <= event.first_seen <= event.last_seen for event in events)
    assert all(1 <= event.frames <= len(clip) for event in events)
    read = {reading.reading.text for plates in clip for reading in plates}
    assert {event.plate.reading.text for event in events} <= read
    assert bool(events) == bool(read)
