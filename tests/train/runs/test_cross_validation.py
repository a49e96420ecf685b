"""Fold after fold: figures over photographs that each run held out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import load_plates
from lpr_edge.contract.data.splits import seen_by_training
from lpr_train.app.cli import main
from lpr_train.base.config import FitConfig
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.plates import PlateRenderer
from lpr_train.render.scene.scenes import SceneRenderer
from lpr_train.runs import cross_validation
from lpr_train.runs.cross_validation import cross_validate, figures, format_figures

TINY = ["--epochs", "1", "--steps-per-epoch", "1", "--batch-size", "2", "--representative", "2", "--heldout", "2"]


def read(truth: str, found: str, rows: int = 2, width_px: float = 100.0) -> dict[str, Any]:
    return {"image": "a", "rows": rows, "width_px": width_px, "truth": list(truth), "read": list(found)}


def test_a_readers_figures_are_pooled_over_folds() -> None:
    """Exact matches are counted over all plates, not averaged over folds; rows and widths part them."""
    folds = [[read("AB", "AB"), read("AB", "A", 1, 30.0)], [read("AB", "AB"), read("AB", "AB"), read("AB", "AB")]]
    found = figures(folds)
    assert (found["all"]["exact"]["successes"], found["all"]["exact"]["count"]) == (4, 5)
    assert found["all"]["cer"] == pytest.approx(1 / 10)
    assert {name: group["exact"]["count"] for name, group in found["by rows"].items()} == {"1 row": 1, "2 rows": 4}
    assert list(found["by width"]) == ["< 40 px", "80–160 px"]
    assert [fold["exact"]["count"] for fold in found["folds"]] == [2, 3]


def test_a_detectors_figures_count_false_alarms() -> None:
    """What is no plate lowers precision over all, and belongs to no width."""
    plate = {"image": "a", "rows": 1, "width_px": 90.0}
    found = figures([[{**plate, "found": True}, {**plate, "found": False}, {"image": "a", "false_alarm": True}]])
    assert (found["all"]["recall"]["value"], found["all"]["precision"]["value"]) == (0.5, 0.5)
    assert "80–160 px    recall 50.0% [9%–91%] 1/2\n" in format_figures(found)


def test_without_photographs_there_is_nothing_to_hold_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rendered pictures alone can't be cross-validated, and the message says what to give."""
    assert main(["cross-validate", "reader", "--out", str(tmp_path)]) == 1
    assert "give --data DIR" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["cross-validate", "characters"], ["cross-validate", "reader", "--fold", "1"]])
def test_wrong_usage(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Characters have no folds, and the command itself goes from fold to fold."""
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--out", str(tmp_path)])
    assert stopped.value.code == 2
    assert "usage: lpr-train" in capsys.readouterr().err


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six small rendered scenes, labelled."""
    country = load_country()
    renderer = SceneRenderer(country, PlateRenderer(country, GlyphBook(country)))
    rng = np.random.default_rng(3)
    folder = tmp_path / "data" / "plates"
    (folder / "images").mkdir(parents=True)
    lines = []
    for number in range(6):
        scene = renderer.render(rng, (240, 320))
        cv2.imwrite(str(folder / "images" / f"{number}.png"), scene.image_bgr)
        plates = [
            {"quad": plate.quad_xy.tolist(), "rows": ["".join(row) for row in plate.rows], "legible": "full"}
            for plate in scene.plates
        ]
        lines.append({"image": f"{number}.png", "width": 320, "height": 240, "split": "train", "plates": plates})
    (folder / "labels.jsonl").write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class FoldConfig(FitConfig):
    fold: int = 0
    folds: int = 0


@dataclass
class FoldTask:
    config: FoldConfig


SMALL = {"reader": ["--input-height", "32", "--input-width", "64"], "detector": ["--input-size", "96"]}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["reader", "detector"])
@pytest.mark.parametrize(("holdout", "is_scored"), [("0.5", True), ("0", False)])
def test_a_run_on_all_photographs_keeps_its_last_epoch(
    command: str, holdout: str, is_scored: bool, data: Path, tmp_path: Path
) -> None:
    """Only what was held out chooses an epoch: rendered pictures, which look better by the end, don't."""
    flags = ["--data", str(data), "--out", str(tmp_path / "run"), "--holdout", holdout, *TINY, *SMALL[command]]
    assert main([command, *flags]) == 0
    header = (tmp_path / "run" / "history.csv").read_text(encoding="utf-8").splitlines()[0]
    assert ("score" in header.split(",")) is is_scored


@pytest.mark.slow
@pytest.mark.parametrize("command", ["reader", "detector"])
def test_every_photograph_is_held_out_once(
    command: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folds' runs together judge each photograph, by a run whose settings say that it hadn't seen it."""
    out = tmp_path / "folds"
    flags = ["--data", str(data), "--out", str(out), "--folds", "2"]
    arguments = ["cross-validate", command, *flags, *TINY, *SMALL[command]]
    assert main(arguments) == 0
    assert "fold 2" in capsys.readouterr().out
    photos = load_plates(data, "train")
    evaluated: list[str] = []
    for fold in (1, 2):
        run = out / f"fold-{fold}"
        outcomes = json.loads((run / "outcomes.json").read_text(encoding="utf-8"))["outcomes"]
        training = json.loads((run / "model.json").read_text(encoding="utf-8"))["training"]
        seen = seen_by_training(photos, training)
        unseen = {photo.path.name for photo, was_seen in zip(photos, seen, strict=True) if not was_seen}
        names = {outcome["image"] for outcome in outcomes}
        assert names <= unseen
        evaluated += [outcome["image"] for outcome in outcomes if "false_alarm" not in outcome]
    result = json.loads((out / "cross_validation.json").read_text(encoding="utf-8"))
    assert result["finished"] == 2
    assert len(evaluated) == sum(len(photo.plates) for photo in photos if photo.path.name in set(evaluated))
    monkeypatch.setattr(
        cross_validation, "train_run", lambda *_, **__: pytest.fail("a finished fold was trained again")
    )
    assert main(arguments) == 0
    assert main([*arguments, "--seed", "9"]) == 1
    assert "holds a run with other settings" in capsys.readouterr().err


def test_a_stopped_cross_validation_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in a fold ends the whole with the folds that are finished."""
    monkeypatch.setattr(cross_validation, "train_run", lambda *_, **__: {"interrupted": True})
    monkeypatch.setattr(cross_validation, "task_classes", lambda _: (FitConfig, FoldTask))
    assert cross_validate("reader", FoldConfig(data="data"), 2, tmp_path) == []
