import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.edge.app.test_edge_cli import write_clip
from tests.support.made_plates import write_streets

from lpr_bench.app.cli import main
from lpr_bench.visits.clips import SIZE_HW, START, MadeClip, Mark, MarkedFrame, Visit
from lpr_bench.visits.collected import format_collected, score_labels, summarize_labels
from lpr_bench.visits.outcomes import match_events
from lpr_bench.visits.play import ObservedEvent, PlayedClip
from lpr_bench.visits.real_clips import load_real_clips
from lpr_bench.visits.scripts import APPROACH, FPS, ROAD, SCRIPTS
from lpr_bench.visits.subjects import Subject, choose_subjects, cut_roads
from lpr_bench.visits.visits_report import format_clips, summarize_clip, without_texts
from lpr_edge.collect.example import Example, LabelledPlate
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto, load_plates

ROAD_BGR: Image = np.full((*SIZE_HW, 3), 90, np.uint8)


def quad_at(x: float, y: float, width: float = 120, height: float = 40) -> Quad:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


def made_subjects(folder: Path, count: int = 2) -> list[Subject]:
    photos = load_plates(write_streets(folder, count, "train"))
    return choose_subjects(photos, photos[0].plates[0].kind, seed=0)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_begin_and_end_with_their_visits(name: str, tmp_path: Path) -> None:
    """Every script shows each of its vehicles, plainly legible at some time, and ends with an empty road."""
    script = SCRIPTS[name]
    clip = MadeClip(script, made_subjects(tmp_path)[: max(1, script.vehicles)], [ROAD_BGR], seed=3)
    marks = [mark.marks for mark in clip.frames()]
    legible = {mark.visit for frame in marks for mark in frame or () if mark.is_legible}
    assert legible == set(range(script.vehicles))
    assert len(clip.visits) == script.vehicles
    assert marks[-ROAD:] == [()] * ROAD
    assert len(marks) == clip.frame_count == round(clip.seconds * FPS)


def test_an_approach_comes_nearer_and_the_same_seed_gives_the_same_frames(tmp_path: Path) -> None:
    """The plate grows from frame to frame by the law of a constant speed; another seed makes another clip."""
    subjects = made_subjects(tmp_path)[:1]
    first, same, other = (MadeClip(SCRIPTS["approach"], subjects, [ROAD_BGR], seed) for seed in (1, 1, 2))
    frames = list(first.frames())
    widths = [float(np.ptp(f.marks[0].quad_xy[:, 0])) for f in frames if f.marks]
    assert len(widths) == APPROACH
    assert np.all(np.diff(widths) > 0)
    assert 1 / widths[1] == pytest.approx((1 / widths[0] + 1 / widths[2]) / 2, rel=1e-3)
    assert all((a.frame.image_bgr == b.frame.image_bgr).all() for a, b in zip(frames, same.frames(), strict=True))
    assert any((a.frame.image_bgr != b.frame.image_bgr).any() for a, b in zip(frames, other.frames(), strict=True))


def test_one_photograph_of_each_registration() -> None:
    """A registration on several photographs makes one visit, by the widest plate; small, illegible ones none."""
    photos = [
        PlatePhoto(
            Path(f"{number}.jpg"),
            "train",
            "street",
            (
                PlateLabel(quad_at(0, 0, width), (text,), legible, "latin", ""),
                PlateLabel(quad_at(0, 90, 30), ("B2",), "none", "latin", ""),
            ),
        )
        for number, (width, text, legible) in enumerate(
            [(80, "A1", "full"), (100, "A1", "full"), (30, "C3", "full"), (100, "?D", "partial")]
        )
    ]
    (subject,) = choose_subjects(photos, "latin", seed=0)
    assert (subject.path.name, subject.text, len(subject.others_xy)) == ("1.jpg", "A1", 1)
    assert choose_subjects(photos, "devanagari", seed=0) == []


def test_roads_show_no_plate(tmp_path: Path) -> None:
    """An empty road is cut from beside a photograph's plates, and fills the frame."""
    photos = load_plates(write_streets(tmp_path, 3, "train"))
    roads = cut_roads(photos, SIZE_HW, 2, seed=0)
    assert [road.shape for road in roads] == [(*SIZE_HW, 3)] * len(roads)


class ClipOfVisits:
    """A clip of which only the visits are known."""

    name = "clip"
    seconds = 3600.0

    def __init__(self, *visits: Visit) -> None:
        self.visits = visits

    def frames(self) -> Iterator[MarkedFrame]:
        raise AssertionError("judging needs no frames")


def reported(text: str, time_s: float, marks: tuple[Mark, ...] | None = None, x: float = 0.0) -> ObservedEvent:
    return ObservedEvent(text, time_s, time_s - 0.5, time_s, 0.9, quad_at(x, 0), marks)


def test_events_are_given_to_the_plate_where_they_stand() -> None:
    """Once and right, twice, never, and what stands on no plate or on one of unknown text are told apart."""
    clip = ClipOfVisits(*(Visit(text, "street", "a.jpg", 1.0, 3.0) for text in ("A1", "B2", "C3")))
    marks = (Mark(0, quad_at(0, 0)), Mark(1, quad_at(300, 0)), Mark(None, quad_at(600, 0)))
    events = [reported(t, s, marks, x) for t, s, x in [("A1", 2.5, 10), ("B7", 2, 300), ("B2", 3, 300), ("X", 2, 600)]]
    outcome = match_events(PlayedClip(clip, [*events, reported("Y", 2, marks, 900)], 54, 1.5, {0: 1.5, 1: 1.5, 2: 2.0}))
    assert [len(visit.events) for visit in outcome.visits] == [1, 2, 0]
    figures = summarize_clip(outcome)
    counted = {key: figures[key] for key in ("visits", "once_and_right", "right_at_all", "more_than_once", "never")}
    assert counted == {"visits": 3, "once_and_right": 1, "right_at_all": 2, "more_than_once": 1, "never": 1}
    assert (figures["false_events"], figures["false_events_an_hour"]) == (1, 1.0)
    assert figures["delay_s"] == {"p50": 1.25, "p95": 1.475}
    assert figures["cpu_ms_a_visit"] == 500.0
    assert "33.3%" in format_clips([figures])


def test_visits_that_were_never_legible_are_not_counted() -> None:
    """A plate that no frame shows legibly neither counts as read nor as missed."""
    visits = [Visit(text, "street", "a.jpg", 1.0, 3.0) for text in ("A1", "B2")]
    outcome = match_events(
        PlayedClip(ClipOfVisits(*visits), [reported("A1", 2, (Mark(0, quad_at(0, 0)),))], 9, 0.1, {0: 1.0})
    )
    assert summarize_clip(outcome)["visits"] == 1


def test_events_of_a_real_clip_are_given_to_the_visit_of_their_time() -> None:
    """Of two visits at one time the one of the nearer text is meant; an event at no visit's time is false."""
    clip = ClipOfVisits(Visit("A104", "a", "a", 1.0, 3.0), Visit("L77", "a", "a", 2.0, 4.0))
    outcome = match_events(
        PlayedClip(clip, [reported("A107", 3), reported("L77", 3.5), reported("L77", 60)], 9, 0.1, {0: 1.0, 1: 2.0})
    )
    assert [[event.text for event in visit.events] for visit in outcome.visits] == [["A107"], ["L77"]]
    assert [event.time_s for event in outcome.false_events] == [60]


def test_visits_of_real_clips_are_read(tmp_path: Path) -> None:
    """`visits.jsonl` names clips beside it; a wrong line or a missing clip is an error that names the line."""
    listed = tmp_path / "visits.jsonl"
    assert load_real_clips(tmp_path) == []
    (tmp_path / "gate.mp4").touch()
    listed.write_text('{"clip": "gate.mp4", "visits": [{"text": "A1", "first_s": 3, "last_s": 7.5}]}\n')
    (clip,) = load_real_clips(tmp_path)
    assert clip.visits == (Visit("A1", "gate.mp4", "gate.mp4", 3.0, 7.5),)
    listed.write_text('{"clip": "street.mp4", "visits": []}\n')
    with pytest.raises(DataError, match=r"line 1: no clip .*street.mp4; put it there"):
        load_real_clips(tmp_path)
    listed.write_text('{"clip": "gate.mp4", "visits": [{"text": "A1"}]}\n')
    with pytest.raises(DataError, match=r"line 1: KeyError.*first_s"):
        load_real_clips(tmp_path)


def test_command_measures_clips_made_of_photographs(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`lpr-bench visits` prints a line for each script, and writes every visit as JSON and as a page with its strip."""
    data, result, page = write_streets(tmp_path / "data", 2, "test"), tmp_path / "v.json", tmp_path / "v.html"
    arguments = ["--scripts", "approach,road", "--limit", "1", "--json", str(result), "--page", str(page)]
    golden = repository / "tests" / "support" / "golden"
    for kind in ("detector", "reader"):
        arguments += [f"--{kind}", str(golden / f"{kind}.int8.tflite")]
    assert main(["visits", "--data", str(data), *arguments]) == 0
    assert "approach" in capsys.readouterr().out
    approach, road = json.loads(result.read_text(encoding="utf-8"))["clips"]
    assert (approach["visits"], len(approach["outcomes"]), approach["frames"]) == (1, 1, APPROACH + ROAD)
    assert (road["visits"], road["cpu_ms_a_visit"]) == (0, None)
    text = page.read_text(encoding="utf-8")
    assert text.count("<img") == approach["visits"] - approach["once_and_right"]
    assert "<h2>approach" in text


def test_command_refuses_what_it_does_not_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown script is wrong usage; a folder without a plate to show is a mistake in one line."""
    with pytest.raises(SystemExit, match="2"):
        main(["visits", "--data", ".", "--scripts", "fly-by"])
    assert "no script fly-by: choose from approach" in capsys.readouterr().err
    data = write_streets(tmp_path, 1, "train")
    assert main(["visits", "--data", str(data), "--split", "nowhere"]) == 1
    assert "no photograph with a legible plate" in capsys.readouterr().err


def labelled(text: str, read: str, label: str, x: float = 0.0) -> LabelledPlate:
    return LabelledPlate(quad_at(x, 0), (text,), label, 0.97, read)


def test_collected_labels_are_compared_with_the_plate_that_stands_there() -> None:
    """A vote is right where it says what the visit says; a frame that was right itself and no plate are counted."""
    visits = [Visit(text, "street", "a.jpg", 1.0, 3.0) for text in ("A104", "L77")]
    plates = (
        labelled("A104", "A107", "vote"),
        labelled("L70", "L77", "vote", 300),
        labelled("X1", "", "reading", 900),
        labelled("A104", "", "reading"),
    )
    example = Example(ROAD_BGR, "clip", START, plates)
    marks = (Mark(0, quad_at(4, 0), True), Mark(1, quad_at(300, 0)))
    figures = summarize_labels(score_labels([example], visits, {START: marks}))
    assert figures == {
        "votes": 2,
        "votes_right": 1,
        "votes_right_and_legible": 1,
        "votes_with_good_corners": 2,
        "frame_was_right": 1,
        "readings": 2,
        "readings_right": 1,
        "readings_of_no_plate": 1,
        "wrong_votes": [{"label": "L70", "read": "L77", "truth": "L77"}],
    }
    assert "50.0%" in format_collected({"clip": figures})
    assert [one.is_right for one in score_labels([example], visits, {START: None})] == [True, False, False, True]


def test_figures_for_publication_hold_no_registration() -> None:
    """Counts stay; what names a plate or a photograph goes, of collected labels too."""
    collected = {"votes": 2, "wrong_votes": [{"label": "A104", "read": "A107", "truth": "A101"}]}
    clip = {"clip": "approach", "visits": 3, "outcomes": [{"text": "A101"}], "false": [{"text": "L7"}]}
    assert without_texts(clip) == {"clip": "approach", "visits": 3}
    assert without_texts(clip | {"collected": collected})["collected"] == {"votes": 2}


def test_command_counts_what_would_be_collected(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--collect DIR` adds a table of collected labels, and writes the folder that the device would."""
    write_clip(tmp_path / "clip.avi", ("A104", "L77"))
    visit = {"text": "A104", "first_s": 0, "last_s": 1}
    (tmp_path / "visits.jsonl").write_text(json.dumps({"clip": "clip.avi", "visits": [visit]}), encoding="utf-8")
    result, out = tmp_path / "v.json", tmp_path / "collected"
    golden = repository / "tests" / "support" / "golden"
    arguments = ["--min-confidence", "1", "--json", str(result), "--collect", str(out)]
    for kind in ("detector", "reader"):
        arguments += [f"--{kind}", str(golden / f"{kind}.int8.tflite")]
    assert main(["visits", "--data", str(tmp_path), *arguments]) == 0
    assert "to label" in capsys.readouterr().out
    (clip,) = json.loads(result.read_text(encoding="utf-8"))["clips"]
    assert clip["collected"]["readings"] == len(load_plates(out)) == 2
    assert clip["collected"]["readings_right"] == 1
