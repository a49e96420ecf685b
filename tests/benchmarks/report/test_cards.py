import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.made_plates import write_streets

from lpr_bench.app.cli import main
from lpr_bench.report.card_figures import counts_text
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_edge.runtimes.shipped_models import MODELS


@pytest.fixture(scope="module")
def measured(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what accuracy measured of the golden models: plates.json."""
    folder = tmp_path_factory.mktemp("measured")
    golden = repository / "tests" / "support" / "golden"
    flags = ["--detector", str(golden / "detector.int8.tflite"), "--reader", str(golden / "reader.int8.tflite")]
    data = write_streets(folder, 3, "test")
    assert main(["accuracy", "--data", str(data), "--kind", "own", "--json", str(folder / "plates.json"), *flags]) == 0
    return folder


def cards(repository: Path, measured: Path, out: Path, result: str = "plates.json") -> list[str]:
    golden = repository / "tests" / "support" / "golden"
    return ["cards", "--models", str(golden), "--plates", str(measured / result), "--out", str(out)]


def test_cards_are_made_of_manifest_and_measurement(repository: Path, measured: Path, tmp_path: Path) -> None:
    """A card names the file's hash, its figures with counts and intervals, its data, and what it isn't for."""
    assert main(cards(repository, measured, tmp_path)) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["detector.md", "reader.md"]
    reader = (tmp_path / "reader.md").read_text(encoding="utf-8")
    assert file_sha256(repository / "tests" / "support" / "golden" / "reader.int8.tflite") in reader
    assert "of 3 [" in reader
    for heading in ("## Data", "## Figures", "## Where it fails", "## What it mustn't be used for", "## Licence"):
        assert heading in reader
    assert "recall, legible plates" in (tmp_path / "detector.md").read_text(encoding="utf-8")


def changed(measured: Path, name: str, change: dict[str, Any]) -> None:
    result = json.loads((measured / "plates.json").read_text(encoding="utf-8"))
    (measured / name).write_text(json.dumps(result | change), encoding="utf-8")


def test_a_card_says_where_figures_flatter(repository: Path, measured: Path, tmp_path: Path) -> None:
    """Measured on what the network learnt from, the card says so in capitals, of that network alone."""
    changed(measured, "seen.json", {"seen": {"photos": 3, "detector": 2, "reader": 0}})
    assert main(cards(repository, measured, tmp_path, "seen.json")) == 0
    assert "LEARNT FROM 2 OF 3" in (tmp_path / "detector.md").read_text(encoding="utf-8")
    assert "which it never saw" in (tmp_path / "reader.md").read_text(encoding="utf-8")


def test_a_cross_validation_stands_on_the_reader_s_card(repository: Path, measured: Path, tmp_path: Path) -> None:
    """How many readers and plates, and what the detector had seen of them; not on the detector's own card."""
    models = [{"kind": "detector"}, {"kind": "reader"}, {"kind": "reader"}]
    changed(
        measured, "folds.json", {"split": "train", "models": models, "seen": {"photos": 3, "detector": 2, "reader": 0}}
    )
    assert main([*cards(repository, measured, tmp_path), "--folds", str(measured / "folds.json")]) == 0
    reader = (tmp_path / "reader.md").read_text(encoding="utf-8")
    part = reader.split("## Cross-validated")[1].split("##")[0]
    assert "one of 2 readers" in part
    assert "learnt from 2 of these 3" in part
    assert re.search(r"\| all \| \d+\.\d%, [23] of 3 \[", part)
    assert "Cross-validated" not in (tmp_path / "detector.md").read_text(encoding="utf-8")


def test_detectors_of_a_cross_validation_are_on_the_detectors_card(
    repository: Path, measured: Path, tmp_path: Path
) -> None:
    """Recall and precision by detectors that hadn't seen the photographs."""
    models = [{"kind": "detector"}, {"kind": "detector"}, {"kind": "reader"}]
    seen = {"photos": 3, "detector": 0, "reader": 0}
    changed(measured, "folds.json", {"split": "train", "models": models, "seen": seen})
    assert main([*cards(repository, measured, tmp_path), "--folds", str(measured / "folds.json")]) == 0
    detector = (tmp_path / "detector.md").read_text(encoding="utf-8")
    part = detector.split("## Cross-validated")[1].split("##")[0]
    assert "one of 2 detectors" in part
    assert "| precision | " in part


@pytest.mark.parametrize("change", [{"split": "test"}, {"split": "train", "seen": {"detector": 0, "reader": 1}}])
def test_folds_that_flatter_are_refused(
    repository: Path, measured: Path, tmp_path: Path, change: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the test split, or read by a network that had learnt from it, nothing is a cross-validation."""
    changed(measured, "folds.json", change)
    assert main([*cards(repository, measured, tmp_path), "--folds", str(measured / "folds.json")]) == 1
    assert "measure all folds at once, on --split train" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": [{"sha256": "0"}]}, "measured with another detector.int8.tflite"),
        ({"data": "characters"}, "one of 'plates' is wanted"),
    ],
)
def test_another_measurement_is_refused(
    repository: Path,
    measured: Path,
    tmp_path: Path,
    change: dict[str, Any],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Figures of another file, or of other data, never get onto a card."""
    changed(measured, "other.json", change)
    assert main(cards(repository, measured, tmp_path, "other.json")) == 1
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_cards_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a measurement there is no card, and the message says what makes one."""
    assert main(["cards", "--out", str(tmp_path)]) == 1
    assert "made by lpr-bench accuracy" in capsys.readouterr().err


def test_counts_are_told_with_their_interval() -> None:
    """A share of nothing is a dash, not a percentage."""
    assert counts_text(1, 2) == "50.0%, 1 of 2 [9%–91%]"
    assert counts_text(0, 0) == "–"


@pytest.mark.parametrize("name", NAMED_TYPES)
def test_a_shipped_model_has_a_card_of_its_own(name: str) -> None:
    """Each card is of the very file beside it: after an export, `lpr-bench cards` writes it anew."""
    card = (MODELS / f"{name}.md").read_text(encoding="utf-8")
    assert file_sha256(MODELS / f"{name}.int8.tflite") in card
