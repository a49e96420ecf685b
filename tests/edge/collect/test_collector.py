"""Which readings are collected."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.edge.app.test_edge_cli import Run, models, pictures, run, write_clip
from tests.support.golden import tinyland
from tests.support.readings import GRAMMAR, LABELS, frame, plate, plate_of

from lpr_edge.app.doctor.machine import check_collected
from lpr_edge.collect.checked_corners import Read
from lpr_edge.collect.collect_folder import CollectFolder, Limits
from lpr_edge.collect.collect_writer import CollectWriter
from lpr_edge.collect.collector import Collector, CollectRules
from lpr_edge.collect.example import Example
from lpr_edge.config.loading import config_of
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.data.plate_photos import load_plates
from lpr_edge.service.unit import written_folders
from lpr_edge.text.decoding import PlateDecoder
from lpr_edge.tracking.tracker import Accepts, Tracker
from lpr_edge.vision.corner_refinement import SEEN_WEIGHT
from lpr_edge.vision.plates import FrameResult, PlateReading, Reading

__all__ = ["models", "pictures", "run"]


class Kept:
    """Takes examples into a list."""

    def __init__(self) -> None:
        self.examples: list[Example] = []

    def take(self, example: Example) -> None:
        self.examples.append(example)

    def close(self) -> None:
        pass

    @property
    def labels(self) -> list[tuple[str, str, str, int]]:
        """Label, text, the frame's own text and the frame's second."""
        return [
            (p.label, "".join(p.rows), p.read, round(10 * one.time.timestamp()) % 600)
            for one in self.examples
            for p in one.plates
        ]


def collect(
    frames: Sequence[Sequence[PlateReading]], accepts: Accepts = lambda _: True, read: Read | None = None
) -> Kept:
    kept = Kept()
    collector = Collector(CollectRules(0.5, 0.85), kept, read)
    tracker = Tracker(PlateDecoder(LABELS, GRAMMAR), accepts=accepts, observer=collector)
    for index, plates in enumerate(frames):
        tracker.update(frame(index), plates)
    tracker.flush()
    return kept


RIGHT, WRONG = plate("A104"), plate("A107", score=0.5)


def test_frames_that_a_vote_contradicts_are_labelled_by_it() -> None:
    """Before and after the announcement a frame that alone reads differently is kept, with the vote as its label."""
    kept = collect([[RIGHT], [WRONG], [RIGHT], [RIGHT], [RIGHT], [plate("A174", score=0.5)], [RIGHT]])
    assert kept.labels == [("vote", "A104", "A107", 1), ("vote", "A104", "A174", 5)]


def test_corners_lie_between_those_of_right_readings() -> None:
    """A frame is misread where its corners are off: its label has those of the frames around it, or none is kept."""
    kept = collect(
        [[plate("A104", x=50.0 + 4 * i)] if i != 4 else [plate("A107", x=70.0, score=0.5)] for i in range(8)]
    )
    assert kept.examples[0].plates[0].quad_xy[0].tolist() == [66.0, 50.0]
    assert collect([[RIGHT]] * 3 + [[WRONG]] * 3).labels == []


def test_corners_are_those_that_read_most_like_the_vote() -> None:
    """A frame is read again: where right readings around it put the plate, and where it was found itself."""
    asked: list[float] = []

    def read(at: float) -> Read:
        def reading(_: Image, quad_xy: Quad) -> Reading:
            x = float(quad_xy[0, 0])
            asked.append(x)
            return plate("A174" if x == at else "L7", x=x).reading

        return reading

    frames = [[plate("A104", x=50.0 + 4 * i)] if i != 4 else [plate("A107", x=70.0, score=0.5)] for i in range(8)]
    for at in (66.0, 70.0):
        (label,) = collect(frames, read=read(at)).examples[0].plates
        assert (label.quad_xy[0, 0], label.rows) == (at, ("A104",))
    assert {66.0, 70.0} <= set(asked)
    assert collect(frames, read=read(0.0)).labels == []


def test_corners_are_corrected_by_what_the_reader_sees() -> None:
    """At the corners that read most like the vote the reader sees where the plate ends: the label has these corners."""

    def reading(_: Image, quad_xy: Quad) -> Reading:
        seen = quad_xy + np.float32(2 if quad_xy[0, 0] < 72 else 0)
        return replace(plate("A174", x=float(quad_xy[0, 0])).reading, quad_xy=quad_xy, corners_of=lambda: seen)

    (label,) = collect([[WRONG], [RIGHT], [RIGHT], [RIGHT], [RIGHT]], read=reading).examples[0].plates
    np.testing.assert_allclose(label.quad_xy, WRONG.reading.quad_xy + 2 * SEEN_WEIGHT)


def test_a_frame_before_all_right_ones_is_taken_where_it_reads_like_the_vote() -> None:
    """The vehicle is far away then; no right reading comes before it, and its own corners are all that there is."""
    frames = [[WRONG], [RIGHT], [RIGHT], [RIGHT], [RIGHT]]
    assert collect(frames).labels == []
    assert collect(frames, read=lambda _, quad_xy: plate("A107", x=float(quad_xy[0, 0])).reading).labels == [
        ("vote", "A104", "A107", 0)
    ]


def test_one_vehicle_gives_a_few_examples() -> None:
    """The same misreading is kept once, and of many different ones only three."""
    assert collect([[RIGHT]] * 3 + [[WRONG], [RIGHT]] * 5).labels == [("vote", "A104", "A107", 3)]
    many = [frame for text in ("A107", "A101", "A100", "A144", "A174") for frame in ([plate(text, score=0.5)], [RIGHT])]
    assert len(collect([[RIGHT]] * 3 + many).examples) == 3


def test_a_vote_that_is_not_confident_labels_nothing() -> None:
    """Below one confidence its frames are no examples; below the other its best frame waits for a person."""
    low_confidence = plate("A104", score=0.6)
    assert collect([[low_confidence], [WRONG], [low_confidence], [low_confidence]]).labels == []
    faint = plate("A104", score=0.4)
    assert {label for label, *_ in collect([[faint]] * 9).labels} == {"reading"}


def test_a_plate_that_is_cut_or_another_one_is_no_example() -> None:
    """A frame's edge hides characters that the vote knows; a text quite unlike it is of another plate."""
    cut = plate("A10", x=-5.0, score=0.5)
    assert collect([[plate("A104", x=-1.0)]] * 3 + [[cut], [plate("A104", x=-1.0)]]).labels == []
    assert collect([[RIGHT]] * 3 + [[plate("L77", score=0.5)], [RIGHT]]).labels == []


def test_a_vote_labels_no_frame_that_nobody_can_read() -> None:
    """The vehicle is far away: its text is known, but the frame shows no characters to learn from."""
    frames = [[WRONG], [RIGHT], [RIGHT], [RIGHT]]

    def reads(height: float) -> Read:
        return lambda _, __: replace(
            WRONG.reading, quad_xy=np.array([[50, 50], [90, 50], [90, 50 + height], [50, 50 + height]], np.float32)
        )

    assert collect(frames, read=reads(11.0)).labels == []
    assert collect(frames, read=reads(13.0)).labels == [("vote", "A104", "A107", 0)]


def test_a_vehicle_that_is_never_announced_waits_for_a_person() -> None:
    """Its highest-confidence frame is kept as it read; two characters are mostly no plate."""
    assert collect([[WRONG], [plate("A104", score=0.6)]], lambda _: False).labels == [("reading", "A104", "", 1)]
    assert collect([[plate("A1")]] * 2, lambda _: False).labels == []


def test_a_photograph_of_low_confidence_waits_with_all_its_plates() -> None:
    """One doubtful plate brings the photograph, with the readings of the others; without one it isn't kept."""
    kept = Kept()
    collector = Collector(CollectRules(0.5, 0.9), kept)
    collector.see_picture(frame(0), FrameResult((RIGHT,), 1.0, 1.0))
    assert kept.examples == []
    collector.see_picture(
        frame(0), FrameResult((RIGHT,), 1.0, 1.0, low_confidence=(plate_of("L7", [0.3, 0.3], x=120),))
    )
    assert [label for label, *_ in kept.labels] == ["reading", "reading"]


def test_a_disk_that_fails_is_said_once_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reading goes on without examples, and the user hears of it one time."""
    folder = CollectFolder(tmp_path, tinyland.tinyland(), Limits(0, CONFIG.collect.collect_keep))

    def fail(_: Example) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "add", fail)
    writer = CollectWriter(folder)
    example = Example(np.zeros((8, 8, 3), np.uint8), "gate", frame(0).time, ())
    writer.take(example)
    writer.take(example)
    writer.close()
    assert capsys.readouterr().err.count("--collect can't write (No space left on device)") == 1


CONFIG = config_of(source="clip.mp4", collect="examples")


def test_settings_are_bounded_and_exclude_what_hides_plates() -> None:
    """Quota and age have limits without a word; blurred, hashed and frame-by-frame runs can't collect."""
    assert (CONFIG.collect.collect_quota, CONFIG.collect.collect_keep.days) == (500_000_000, 30)
    assert Path("examples") in set(written_folders(CONFIG))
    for values, message in (
        ({"blur": True}, "collect.*left out where plates are hashed or blurred"),
        ({"hash_plates": True}, "collect.*left out where plates are hashed or blurred"),
        ({"every_frame": True}, "every_frame.*off where `collect` is given"),
        ({"collect_quota": "1kB"}, "collect_quota.*1MB or more, or 0"),
        ({"collect_votes": 0.5}, "collect_votes.*`collect_below` to 1"),
    ):
        with pytest.raises(LprError, match=message):
            config_of(source="clip.mp4", collect="examples", **values)
    with pytest.raises(LprError, match="collect_crops"):
        config_of(source="clip.mp4", collect_crops=True)


def test_doctor_looks_at_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells count, size and quota; no room is noticed, and a folder that can't be written must be repaired."""
    folder = CollectFolder(tmp_path, tinyland.tinyland(), Limits(0, CONFIG.collect.collect_keep))
    folder.add(Example(np.zeros((8, 8, 3), np.uint8), "gate", frame(0).time, ()))
    found = check_collected(tmp_path, 5_000_000)
    assert (found.state, found.found) == ("ok", f"1 pictures, 0 MB of 5 MB in {tmp_path}")
    assert check_collected(tmp_path, 10**18).state == "look"
    monkeypatch.setattr("os.access", lambda *_: False)
    assert check_collected(tmp_path / "later", 0).state == "repair"


def test_a_run_collects(run: Run, models: list[str], pictures: Path, tmp_path: Path) -> None:
    """`lpr-edge --collect` keeps what it reads with low confidence, of pictures and of clips; without it, nothing."""
    flags = ["--min-confidence", "1", "--collect"]
    assert run("--source", str(pictures), *models, *flags, str(tmp_path / "stills"))[0] == 0
    assert {photo.split for photo in load_plates(tmp_path / "stills")} == {"unlabelled"}
    clip = write_clip(tmp_path / "clip.avi", ("A104", "L77"))
    assert run("--source", str(clip), *models, *flags, str(tmp_path / "clips"))[0] == 0
    texts = {"".join(photo.plates[0].rows) for photo in load_plates(tmp_path / "clips")}
    assert texts == {"A104", "L77"}
    status, _, err = run("--source", str(clip), *models, "--collect", str(clip))
    assert (status, "--collect" in err) == (1, True)
