import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.support.made_plates import GRAMMAR, LABELS, QUAD, scored, write_streets

from lpr_bench.accuracy.reliability import (
    ScoredReading,
    bins,
    calibration_error,
    format_operating_point,
    is_correct,
    operating_point,
    summarize_reliability,
)
from lpr_bench.app.cli import main
from lpr_bench.calibration.confidence_fit import cross_fitted, fit_curve, fit_temperature, has_enough
from lpr_bench.calibration.votes import score_votes
from lpr_bench.system.devices import open_plate_reader
from lpr_bench.visits.clips import START, Mark, MarkedFrame, Visit
from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto, load_plates
from lpr_edge.contract.manifest import read_manifest
from lpr_export.calibration.confidence import read_confidence


def readings(count: int, seed: int = 0) -> list[ScoredReading]:
    """Readings whose chance to be right is their score squared: surer than they should be."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.2, 0.99, count)
    return [
        scored("A10", "A10" if rng.random() < score**2 else "A11", float(score), f"{number}.jpg")
        for number, score in enumerate(scores)
    ]


def test_the_fitted_confidence_is_how_often_readings_are_right() -> None:
    """On readings that the fit hasn't seen, what is said to be right 80 % of the time is, within sampling."""
    curve = fit_curve(readings(600))
    fresh = readings(1500, seed=1)
    pairs = [(curve.likelihood(r.reading.raw_confidence, True), r.right) for r in fresh]
    error = calibration_error(pairs)
    plain_error = calibration_error([(r.reading.confidence, r.right) for r in fresh])
    assert error is not None
    assert plain_error is not None
    assert error < 0.05 < plain_error


def test_each_reading_is_shown_by_a_curve_that_has_not_seen_it() -> None:
    """Cross-fitted confidences differ from those of one fit, and stay probabilities near them."""
    made = readings(100)
    apart = cross_fitted(made)
    curve = fit_curve(made)
    together = [curve.likelihood(r.reading.raw_confidence, True) for r in made]
    assert apart != together
    assert np.abs(np.subtract(apart, together)).max() < 0.25


@pytest.mark.parametrize("made", [readings(19), [scored("A10", "A10", 0.9)] * 50, [scored("A10", "A11", 0.9)] * 50])
def test_too_little_to_fit(made: list[ScoredReading]) -> None:
    """A handful of readings, or all of one outcome, is refused with what is needed."""
    with pytest.raises(LprError, match="needs 20 or more, some right and some wrong"):
        fit_curve(made)


def test_invalid_readings_cost_what_they_were_seen_to() -> None:
    """Where half of the readings that no form allows are right, they lose less than without any seen."""
    invalid = [scored("0A", "0A" if i % 2 else "0X", 0.9, f"{i}.png") for i in range(60)]
    assert fit_curve(readings(200) + invalid).invalid > fit_curve(readings(200)).invalid


def test_temperature_of_overconfident_scores() -> None:
    """Scores of 0.99 that are right in four of five are softened; without a plate that aligns, nothing is."""
    sure = [scored("A", "A" if i % 5 else "X", 0.99) for i in range(100)]
    assert fit_temperature(sure, LABELS, GRAMMAR.country) > 1.5
    assert fit_temperature([scored("A", "A10", 0.9)], LABELS, GRAMMAR.country) == 1.0


@pytest.mark.parametrize(
    ("text", "rows", "legible", "right"),
    [
        ("A10", ("A", "10"), "full", True),
        ("A1", ("A", "10"), "full", False),
        ("A10", ("A", "1?"), "partial", None),
        ("X10", ("A", "1?"), "partial", False),
        ("A1077", ("A", "?"), "partial", None),
        ("प्रदेश१", ("?१",), "partial", None),
        ("A10", ("?",), "none", None),
    ],
)
def test_what_is_known_to_be_right(text: str, rows: tuple[str, ...], legible: str, right: bool | None) -> None:
    """A text against the readable part of a plate is wrong; one that agrees with it may be either."""
    assert is_correct(text, PlateLabel(QUAD, rows, legible, "own", "car")) is right
    assert is_correct(text, None) is False


def test_bins_hold_every_reading_once() -> None:
    """A limit belongs to the bin above it, and 1 to the last."""
    pairs = [(c, True) for c in (0.0, 0.2, 0.5, 0.95, 1.0)] + [(0.49, False)]
    assert [len(b.confidences) for b in bins(pairs)] == [1, 2, 1, 0, 0, 2]
    at = summarize_reliability(pairs)["at_min_confidence"]["0.5"]
    assert (at["right_of_kept"]["count"], at["kept_of_right"]["successes"]) == (3, 3)


@pytest.fixture
def models(repository: Path, tmp_path: Path) -> dict[str, Path]:
    """Copies of the golden models, to be written to."""
    golden = repository / "tests" / "support" / "golden"
    names = ("detector.int8.tflite", "reader.int8.tflite", "reader.int8.onnx")
    return {name: Path(shutil.copy(golden / name, tmp_path / name)) for name in names}


def flags(models: dict[str, Path]) -> list[str]:
    return ["--detector", str(models["detector.int8.tflite"]), "--reader", str(models["reader.int8.tflite"])]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Streets to fit on; every third plate's label is made wrong, so that some readings are."""
    folder = write_streets(tmp_path_factory.mktemp("data"), 45, "train")
    path = folder / "plates" / "labels.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines[::3]:
        line["plates"][0]["rows"] = ["X000"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_calibrate_writes_what_an_export_takes(
    models: dict[str, Path], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fit goes into a file of its own, which lpr-export reads; the published models stay as they were."""
    before = {name: path.read_bytes() for name, path in models.items()}
    out = tmp_path / "confidence.json"
    assert main(["calibrate", "--data", str(data), *flags(models), "--limit", "0", "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert "--min-confidence" in shown.out
    assert f"Wrote {out}. Next: lpr-export --int8 RUN --confidence {out}" in shown.err
    fitted = read_confidence(out)
    numbers = ("slope", "shift", "invalid")
    assert {f"{prefix}_{n}" for prefix in ("confidence", "photo") for n in numbers} < set(fitted.to_thresholds())
    assert fitted.photo_curve is not None
    assert fitted.curve.agreement == 0.0
    assert fitted.about["photographs"] == 45
    assert fitted.about["right"] < fitted.about["readings"]
    assert {name: path.read_bytes() for name, path in models.items()} == before


def test_votes_get_a_curve_of_their_own(
    models: dict[str, Path], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Clips of a few plates give votes, too few for a curve: that is said, and votes keep the readings' curve."""
    out = tmp_path / "confidence.json"
    assert main(["calibrate", "--data", str(data), *flags(models), "--limit", "1", "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert "approach: votes on 1 visits" in shown.err
    assert "too few for a curve, so votes keep that of readings" in shown.out
    assert read_confidence(out).vote_curve is None


def test_enough_votes_are_fitted(
    models: dict[str, Path],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Votes on enough vehicles give a curve, in the same file, and the file says on how many it was fitted."""
    made = [replace(reading, weight=0.5) for reading in readings(80)]
    photo, out = load_plates(data, "train")[1], tmp_path / "confidence.json"
    monkeypatch.setattr("lpr_bench.calibration.run_calibrate.unseen_clips", lambda *_: [(StandingClip(photo), None)])
    monkeypatch.setattr("lpr_bench.calibration.run_calibrate.score_votes", lambda *_: made)
    assert main(["calibrate", "--data", str(data), *flags(models), "--out", str(out)]) == 0
    assert "Votes over frames:" in capsys.readouterr().out
    fitted = read_confidence(out)
    assert fitted.vote_curve is not None
    assert fitted.to_thresholds()["vote_slope"] == pytest.approx(fit_curve(made).slope, abs=1e-4)
    assert (fitted.about["votes_on"], fitted.about["votes_right"]) == (40, round(sum(r.right for r in made) / 2))


def test_a_vehicle_counts_once_in_a_fit() -> None:
    """Readings that share one weight move the curve as one reading does; and together they are enough or not."""
    made = readings(60)
    shared = [replace(reading, weight=0.25) for reading in made for _ in range(4)]
    assert fit_curve(shared).slope == pytest.approx(fit_curve(made).slope, rel=1e-4)
    assert has_enough(shared)
    assert not has_enough([replace(reading, weight=0.25) for reading in made])
    assert not has_enough([replace(reading, right=True) for reading in made])


@dataclass
class StandingClip:
    """One photograph for five frames, each a step to the right: a still one isn't read again."""

    photo: PlatePhoto
    name: str = "standing"
    seconds: float = 0.5

    def __post_init__(self) -> None:
        text = "".join(self.photo.plates[0].text_rows)
        self.visits: tuple[Visit, ...] = (Visit(text, "made", self.photo.path.name, 0.0, 0.4),)

    def frames(self) -> Iterator[MarkedFrame]:
        for number in range(5):
            time = START + timedelta(seconds=0.1 * number)
            step_xy = np.array([6 * number, 0], np.float32)
            frame = Frame(np.roll(read_picture(self.photo.path), 6 * number, axis=1), self.name, number, time)
            yield MarkedFrame(frame, (Mark(0, self.photo.plates[0].quad_xy + step_xy, True),))


def test_votes_are_scored_by_the_visit_that_they_are_of(models: dict[str, Path], data: Path) -> None:
    """Votes of four frames and more are right where their plate's text says so; those of a track weigh one."""
    device = open_plate_reader(models["detector.int8.tflite"], models["reader.int8.tflite"], "auto", 1)
    right, mislabelled = (score_votes(StandingClip(photo), device) for photo in load_plates(data, "train")[2::-2])
    assert [vote.right for vote in right] == [True] * 2
    assert [vote.right for vote in mislabelled] == [False] * 2
    assert sum(vote.weight for vote in right) == pytest.approx(1)


def test_a_fit_that_cannot_be_written(
    models: dict[str, Path], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that isn't there is one line, with what to give."""
    out = tmp_path / "gone" / "confidence.json"
    assert main(["calibrate", "--data", str(data), *flags(models), "--limit", "0", "--out", str(out)]) == 1
    assert f"can't write {out}: No such file or directory. Give --out another file" in capsys.readouterr().err


def test_nothing_unseen_is_an_error(
    models: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a photograph that training held out there is no honest fit: the message says what to do."""
    write_streets(tmp_path, 2, "test")
    assert main(["calibrate", "--data", str(tmp_path), *flags(models)]) == 1
    assert "lpr-train cross-validate reader" in capsys.readouterr().err
    assert "confidence_slope" not in read_manifest(models["reader.int8.tflite"]).thresholds


def test_the_operating_point_is_the_lowest_that_is_right_often_enough() -> None:
    """Below it a wrong reading too many would be reported; what it keeps of the right ones is said."""
    pairs = [(0.9, True)] * 60 + [(0.6, True)] * 36 + [(0.6, False)] * 2 + [(0.3, False)] * 10
    assert operating_point(pairs, 0.97) == pytest.approx(0.31)
    assert operating_point(pairs, 0.98) == pytest.approx(0.61)
    text = format_operating_point(pairs, 0.61)
    assert "--min-confidence 0.61" in text
    assert "60/60" in text
    assert "60/96" in text


def test_no_operating_point_is_said() -> None:
    """Where even the highest confidence is wrong too often, and without readings."""
    assert operating_point([(0.99, False)]) is None
    assert "no --min-confidence gives 96.5% right" in format_operating_point([], None)
