import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.readings import LABELS, START, frame, new_tracker, plate, plate_of

from lpr_edge.service.handover import VARIABLE, hand_on, take_over
from lpr_edge.tracking.event import Event
from lpr_edge.tracking.motion import Motion
from lpr_edge.tracking.track import MAX_CANDIDATES, Track
from lpr_edge.tracking.tracker import Accepts
from lpr_edge.vision.plates import PlateReading

Frames = Sequence[Sequence[PlateReading]]


def follow(frames: Frames, accepts: Accepts = lambda _: True) -> list[Event]:
    """All events of a clip, those at its end too."""
    tracker = new_tracker(accepts=accepts)
    events = [event for index, plates in enumerate(frames) for event in tracker.update(frame(index), plates)]
    return events + tracker.flush()


def texts(frames: Frames) -> list[str]:
    return [event.plate.reading.text for event in follow(frames)]


def test_plate_read_alike_in_four_frames_is_announced_at_once() -> None:
    """The event comes with the fourth reading, not when the vehicle has gone, and only once."""
    tracker = new_tracker()
    events = [tracker.update(frame(index), [plate("A104", 50 + 2 * index)]) for index in range(20)]
    assert [len(found) for found in events] == [0, 0, 0, 1] + [0] * 16
    event = events[3][0]
    assert (event.plate.reading.text, event.frames) == ("A104", 4)
    assert (event.first_seen, event.last_seen) == (START, START + timedelta(seconds=0.3))
    assert tracker.flush() == []


@pytest.mark.parametrize(("confidence", "frames"), [(0.9, 4), (0.75, 5), (0.65, 8)])
def test_a_vote_of_less_confidence_waits_for_more_frames(confidence: float, frames: int) -> None:
    """Four frames that read what the vote says are enough for a confident one, five for a likely one, else eight."""
    seen = plate("A10")
    track = Track(1, START, START, Motion(seen.found.quad_xy, START), seen.found.quad_xy)
    settled = []
    for index in range(frames):
        track.add(seen, frame(index))
        settled.append(track.has_settled(lambda _: plate("A10", score=confidence).reading))
    assert settled == [False] * (frames - 1) + [True]


def test_expected_plates_say_whether_they_are_settled() -> None:
    """A plate is expected on its way, settled once it is announced, doubtful while no character is read on it."""
    tracker, textless = new_tracker(), plate("", 150)
    seen = []
    for index in range(6):
        tracker.update(frame(index), [plate("A104", 50 + 2 * index), textless])
        announced, doubtful = tracker.expected(frame(index + 1).time)
        seen.append((announced.is_settled, announced.is_doubtful, doubtful.is_settled, doubtful.is_doubtful))
    assert seen == [(index >= 3, False, False, index >= 3) for index in range(6)]
    expected, _ = tracker.expected(frame(6).time)
    assert expected.quad_xy.mean(axis=0)[0] > plate("A104", 60).found.quad_xy.mean(axis=0)[0]


def test_plate_that_goes_before_it_settles_is_announced_then() -> None:
    """A vehicle seen in one or two frames only is announced when it has been away for a second."""
    tracker = new_tracker()
    tracker.update(frame(0), [plate("A10")])
    assert [len(tracker.update(frame(index), [])) for index in range(1, 13)] == [0] * 10 + [1, 0]


def test_flickering_reading_gives_one_event_with_its_surest_frame() -> None:
    """Readings that differ in a character are of one vehicle; the text read most often stands, as it was read best."""
    readings = [plate("A10", score=0.5), plate("A17"), plate("A10", score=0.8), plate("A14"), plate("A10", score=0.6)]
    (event,) = follow([[reading] for reading in readings])
    assert event.plate.reading.text == "A10"
    assert event.frame.index == 2
    assert [(vote.text, vote.frames, vote.confidence) for vote in event.votes] == [
        ("A10", 3, 0.8),
        ("A14", 1, 0.9),
        ("A17", 1, 0.9),
    ]


def test_unsettled_vehicle_gets_its_surest_text() -> None:
    """Where no text was read twice, the surest one is taken."""
    assert texts([[plate("A10", score=0.5)], [plate("A17", score=0.9)], [plate("A14", score=0.7)]]) == ["A17"]


def test_short_gap_is_no_second_visit() -> None:
    """A plate hidden for less than a second is still the same vehicle."""
    assert texts([[plate("A10")]] * 4 + [[]] * 8 + [[plate("A10")]] * 4) == ["A10"]


def test_short_absence_is_no_second_event() -> None:
    """A plate that the detector lost for seconds, and a parked one whose reading flickers meanwhile, is told once."""
    assert texts([[plate("A10")]] * 4 + [[]] * 50 + [[plate("A10", 150)]] * 4) == ["A10"]
    assert texts([[plate("A10")]] * 4 + [[]] * 50 + [[plate("A17")]] * 4 + [[]] * 50 + [[plate("A10")]] * 4) == ["A10"]


def test_like_plate_elsewhere_is_another_vehicle() -> None:
    """A plate that differs in one character and doesn't stand where the other stood is told."""
    assert texts([[plate("A10")]] * 4 + [[]] * 50 + [[plate("A17", 90)]] * 4) == ["A10", "A17"]


def test_return_after_the_gap_is_a_second_visit() -> None:
    """A plate that comes back after more than the gap is announced again; the gap is for the user to choose."""
    clip = [[plate("A10")]] * 4 + [[]] * 105 + [[plate("A10")]] * 4
    assert texts(clip) == ["A10", "A10"]
    tracker = new_tracker(timedelta(minutes=1))
    assert len([event for i, plates in enumerate(clip) for event in tracker.update(frame(i), plates)]) == 1


def test_plate_that_stays_for_long_is_told_once() -> None:
    """A parked vehicle, read now so, now so, and now and then not at all, is one event, after five seconds at most."""
    rng = np.random.default_rng(5)
    tracker = new_tracker()
    told = {}
    for index in range(600):
        reading = plate("A104" if rng.random() < 0.4 else f"A1{rng.choice(list('147'))}{rng.choice(list('147'))}")
        for event in tracker.update(frame(index), [] if rng.random() < 0.3 else [reading]):
            told[index] = event.plate.reading.text
    assert list(told.values()) == ["A104"]
    assert next(iter(told)) <= 50


def test_characters_are_voted_one_by_one() -> None:
    """Where no frame read all of it right, the sure characters of each make the plate."""
    readings = [("A104", (0.9, 0.9, 0.9, 0.3)), ("A147", (0.9, 0.9, 0.3, 0.9)), ("L107", (0.3, 0.9, 0.9, 0.9))]
    (event,) = follow([[plate_of(text, scores)] for text, scores in readings])
    assert event.plate.reading.text == "A107"
    assert event.plate.reading.parsed.valid
    assert [(vote.text, vote.frames) for vote in event.votes] == [("A104", 1), ("A147", 1), ("L107", 1)]


def test_a_lone_sure_mistake_does_not_win() -> None:
    """One frame that is very sure of a wrong character loses against several that are fairly sure of the right one."""
    assert texts([[plate("A17", score=0.99)], [plate("A10", score=0.6)], [plate("A10", score=0.6)]]) == ["A10"]


def test_dirt_read_as_a_character_is_outvoted() -> None:
    """Readings of another length are of another shape, and the shape that weighs more stands."""
    assert texts([[plate("A1004", score=0.6)], [plate("A10")], [plate("A10")]]) == ["A10"]


def test_the_vote_keeps_to_the_grammar() -> None:
    """Where the likeliest characters make no plate, the likeliest that make one win."""
    assert texts([[plate("010", score=0.4)], [plate("A10", score=0.3)]]) == ["A10"]


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
    clip = [[plate("A10", 10), plate("L47", 120)]] * 4 + [[]] * 105 + [[plate("A10", 10)]] * 4
    first, second = follow(clip), follow(clip)
    assert [event.id for event in first] == [event.id for event in second]
    assert len({event.id for event in first}) == 3
    assert first[0].id == "20260301T060000000-1"


def surer_than(least: float) -> Accepts:
    """Accepts valid plates that are likely enough."""
    return lambda reading: reading.parsed.valid and reading.confidence >= least


def test_a_vote_that_is_refused_is_no_event() -> None:
    """Two sure readings that contradict each other make a doubtful vote, which isn't announced, nor when it goes."""
    halves = [plate("A10", score=0.8), plate("A17", score=0.8)]
    clip = [[halves[index % 2]] for index in range(8)]
    assert len(follow(clip)) == 1
    assert follow(clip, surer_than(0.7)) == []
    assert follow([*clip, *[[]] * 30], surer_than(0.7)) == []


def test_a_refused_vehicle_is_announced_once_more_frames_make_it_sure() -> None:
    """What was refused is counted again while the vehicle stays; its event then comes once."""
    clip = [[plate("A10", score=0.5)]] * 5 + [[plate("A10", score=0.99)]] * 40
    (event,) = follow(clip, surer_than(0.7))
    assert (event.plate.reading.text, event.first_seen) == ("A10", START)
    assert event.plate.reading.confidence >= 0.7


def test_a_clock_that_is_set_does_not_keep_a_refused_vehicle_waiting() -> None:
    """Where the clock goes back by an hour while a vehicle stands there unread, it is announced a second later."""
    tracker = new_tracker(accepts=surer_than(0.7))
    doubtful, sure = plate("A10", score=0.5), plate("A10", score=0.99)
    events = [event for index in range(5) for event in tracker.update(frame(index), [doubtful])]
    back = timedelta(hours=-1)
    events += tracker.wait(frame(5).time + back, back)
    for index in range(6, 40):
        events += tracker.update(replace(frame(index), time=frame(index).time + back), [sure])
    assert [event.plate.reading.text for event in events] == ["A10"]


def test_a_part_of_a_plate_is_no_event() -> None:
    """A text that no form allows, though sure, is refused; the whole plate that follows is announced."""
    assert follow([[plate("7")]] * 10, surer_than(0.5)) == []
    assert [e.plate.reading.text for e in follow([[plate("7")]] * 4 + [[plate("A104")]] * 8, surer_than(0.5))] == [
        "A104"
    ]


def test_a_vehicle_that_is_never_announced_takes_no_more_memory_the_longer_it_stays() -> None:
    """Of its many texts a few are kept, each with a frame; a text read over and over stays among them."""
    tracker = new_tracker(accepts=lambda _: False)
    rng = np.random.default_rng(3)
    for index in range(900):
        text = "A10" if index % 3 else "".join(rng.choice(list("A0147L"), 3))
        tracker.update(frame(index), [plate(text)])
    (track,) = tracker._tracks
    assert len(track.candidates) <= MAX_CANDIDATES
    assert track.candidates["A10"].count == 600


def test_a_tracker_goes_on_where_another_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handed on goes on: a settled vehicle isn't announced again, an unsettled one is, with all votes."""
    monkeypatch.setenv(VARIABLE, "")
    before, after = new_tracker(), new_tracker()
    both = [plate("A10", 10), plate("L47", 120)]
    events = [e for i in range(4) for e in before.update(frame(i), [both[0]] if i < 3 else both)]
    assert [event.plate.reading.text for event in events] == ["A10"]
    hand_on(before.vehicles, LABELS, "camera 0")
    after.resume(take_over(LABELS, "camera 0"))
    assert take_over(LABELS, "camera 0") is None
    later = [e for i in range(33, 40) for e in after.update(frame(i), both)]  # three seconds without eyes
    assert [(event.plate.reading.text, event.frames, event.id) for event in later] == [
        ("L47", 4, "20260301T060000300-2")
    ]
    assert after.flush() == []


def test_a_vehicle_that_left_during_a_reload_is_announced_a_second_later() -> None:
    """One that hadn't settled and isn't there any more gets its event when it has been looked for long enough."""
    before, after = new_tracker(), new_tracker()
    before.update(frame(0), [plate("A10")])
    after.resume(before.vehicles)
    found = {i: [e.plate.reading.text for e in after.update(frame(i), [])] for i in range(30, 45)}
    assert {index: texts for index, texts in found.items() if texts} == {41: ["A10"]}


def test_what_another_source_or_version_left_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Vehicles of another camera, of other labels or of another lpr are forgotten, and that is said; so is nonsense."""
    monkeypatch.setenv(VARIABLE, "")
    for labels, source in ((LABELS, "camera 1"), (LABELS[1:], "camera 0")):
        hand_on(new_tracker().vehicles, LABELS, "camera 0")
        assert take_over(labels, source) is None
        assert "is another than before: vehicles that stand there are announced again" in capsys.readouterr().err
    for wrong in ("", "x", "987654"):
        monkeypatch.setenv(VARIABLE, wrong)
        assert take_over(LABELS, "camera 0") is None
        assert VARIABLE not in os.environ


def test_pictures_that_are_handed_on_are_pictures_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vehicle's best frame comes out as it went in, but for what JPEG loses; one frame of two vehicles stays one."""
    monkeypatch.setenv(VARIABLE, "")
    tracker = new_tracker()
    image = np.full((120, 200, 3), 90, np.uint8)
    tracker.update(replace(frame(0), image_bgr=image), [plate("A10", 10), plate("L47", 120)])
    hand_on(tracker.vehicles, LABELS, "camera 0")
    first, second = take_over(LABELS, "camera 0").tracks
    ours, theirs = first.candidates["A10"].frame, second.candidates["L47"].frame
    assert (ours.image_bgr.shape, int(ours.image_bgr[5, 5, 0])) == ((120, 200, 3), 90)
    assert ours.image_bgr is theirs.image_bgr


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
    assert all(event.plate.reading.parsed.valid or event.plate.reading.text in read for event in events)
    assert all(vote.text in read for event in events for vote in event.votes)
    assert bool(events) == bool(read)
    assert [(e.id, e.plate.reading.text) for e in follow(clip)] == [(e.id, e.plate.reading.text) for e in events]
