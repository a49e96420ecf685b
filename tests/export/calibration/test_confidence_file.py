"""A reader's confidence on its way into an export."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.golden import tinyland

from lpr_edge.contract.manifest import Manifest, TensorSpec
from lpr_edge.contract.preprocess import InputSpec
from lpr_edge.text.confidence import ConfidenceCurve
from lpr_export.app.export import check_confidence
from lpr_export.base.errors import ExportError
from lpr_export.base.options import ExportOptions
from lpr_export.base.run_folder import Run
from lpr_export.calibration.confidence import Confidence, read_confidence, with_confidence

FITTED = Confidence(0.8, ConfidenceCurve(1.0752, -1.2233, -5.4151), {"readings": 285})
SPEC = InputSpec((32, 96), 1, "gray", "stretch")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A reader's run."""
    country = tinyland.tinyland()
    thresholds = {"peak": 0.3, "temperature": 1.0}
    card = Manifest(
        "reader", "r", country.labels, SPEC, (), "float32", TensorSpec("float32"), thresholds, country.to_dict()
    )
    return Run(tmp_path, card)


def test_a_confidence_survives_its_file(tmp_path: Path) -> None:
    """What was fitted comes back, and nothing else is left in the folder."""
    of_photographs = replace(FITTED, photo_curve=ConfidenceCurve(0.9, -2.0, -3.5, 4.25), photo_reported=0.83)
    for fitted in (FITTED, of_photographs):
        fitted.write(tmp_path / "confidence.json")
        assert read_confidence(tmp_path / "confidence.json") == fitted
    assert [path.name for path in tmp_path.iterdir()] == ["confidence.json"]


def test_an_export_takes_it_from_the_run(run: Run) -> None:
    """The run folder's own goes into thresholds and calibration, before anything is measured."""
    assert with_confidence(run, None) == run
    FITTED.write(run.folder / "confidence.json")
    card = with_confidence(run, None).card
    assert card.thresholds == {"peak": 0.3, **FITTED.to_thresholds()}
    assert card.thresholds["temperature"] == 0.8
    assert card.calibration == {"confidence": {"readings": 285}}


def test_a_file_that_is_given_comes_first(run: Run, tmp_path: Path) -> None:
    """--confidence replaces the run's own."""
    FITTED.write(run.folder / "confidence.json")
    other = tmp_path / "other.json"
    replace(FITTED, temperature=2.0).write(other)
    assert with_confidence(run, other).card.thresholds["temperature"] == 2.0


def test_only_readers_take_it(run: Run) -> None:
    """One in a detector's folder is an error, and so is one file for two readers or none."""
    FITTED.write(run.folder / "confidence.json")
    detector = replace(run, card=replace(run.card, kind="detector"))
    with pytest.raises(ExportError, match=r"is a reader's confidence, and .* is a detector: take it out"):
        with_confidence(detector, None)
    options = ExportOptions(("int8",), Path(), None, 0.5, 0, confidence=Path("confidence.json"))
    check_confidence([run, detector], options)
    for runs, count in (([detector], 0), ([run, run], 2)):
        with pytest.raises(ExportError, match=f"is for one reader, and the runs given hold {count}: export it apart"):
            check_confidence(runs, options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": 0}, "holds an impossible confidence"),
        ({"temperature": float("nan")}, "holds an impossible confidence"),
        ({"confidence_slope": -0.1}, "holds an impossible confidence"),
        (
            {"photo_slope": -1.0, "photo_shift": 0.0, "photo_invalid": 0.0},
            "holds an impossible",
        ),
        ({"photo_reported": 1.5}, "holds an impossible confidence"),
        ({"confidence_shift": float("inf")}, "holds an impossible confidence"),
        ({"confidence_shift": "much"}, "is no confidence"),
    ],
)
def test_impossible_values(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    """What no fit gives is refused, with the command that makes a file."""
    path = tmp_path / "confidence.json"
    path.write_text(json.dumps({"thresholds": FITTED.to_thresholds() | change, "about": {}}), encoding="utf-8")
    with pytest.raises(ExportError, match=f"confidence.json {message}.*Make it with lpr-bench calibrate"):
        read_confidence(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"thresholds": {}, "about": {}}', '{"thresholds": {"a": 1}}'])
def test_a_file_of_something_else(tmp_path: Path, text: str) -> None:
    """Any other file is refused in one line."""
    path = tmp_path / "confidence.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExportError, match="is no confidence"):
        read_confidence(path)
    with pytest.raises(ExportError, match=r"no confidence at .*gone: No such file"):
        read_confidence(tmp_path / "gone")
