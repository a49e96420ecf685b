import argparse
import json
import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.made_plates import write_streets
from tests.support.rewriting import rewrite

from lpr_bench.app import run_all
from lpr_bench.app.cli import main
from lpr_bench.base.results import add_record, read_records
from lpr_bench.latency import run_frames
from lpr_edge.contract.countries import load_country


@pytest.fixture
def plate_models(repository: Path) -> list[str]:
    """Flags that choose the golden models."""
    golden = repository / "tests" / "support" / "golden"
    return ["--detector", str(golden / "detector.int8.tflite"), "--reader", str(golden / "reader.int8.tflite")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One photograph with one plate in the test split."""
    folder = tmp_path / "plates"
    (folder / "images").mkdir(parents=True)
    cv2.imwrite(str(folder / "images" / "a.png"), np.full((240, 320, 3), 90, np.uint8))
    plate = {"quad": [[10, 10], [110, 10], [110, 60], [10, 60]], "rows": ["A1"], "legible": "full", "kind": "latin"}
    line = {"image": "a.png", "width": 320, "height": 240, "split": "test", "source": "made", "plates": [plate]}
    (folder / "labels.jsonl").write_text(json.dumps(line) + "\n")
    return tmp_path


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the board that benchmarks run on, which isn't there yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "benchmarks" / "results" / "my-board.json"


def only_record(path: Path) -> dict[str, Any]:
    (record,) = read_records(path)
    return record


def test_frames_are_measured_and_written(
    plate_models: list[str], board: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Frames of real models are printed and written, under the board's name, marked as too few to be quoted."""
    monkeypatch.setattr(run_frames, "measure_device_start", lambda _settings: {"not_measured": "not here"})
    command = ["frames", "--frames", "3", "--processes", "1", "--board", "My Board", *plate_models]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert out.startswith("INVALID, not to be quoted: ")
    assert "whole, plate in 100% of 3 frames" in out
    assert "Wrote benchmarks/results/my-board.json" in err
    record = only_record(board)
    assert (record["board"], record["threads"], len(record["load_ms"])) == ("My Board", 1, 1)
    assert [model["kind"] for model in record["models"]] == ["detector", "reader"]
    assert [len(share["processes"][0]["whole"]) for share in record["shares"]] == [3, 3, 3]
    assert any("3 frames are too few" in reason for reason in record["validity"]["invalid_because"])


def test_latency_of_every_runtime(repository: Path, board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each file runs in each runtime that reads it, in turns; ratios are to the reference, raw values are kept."""
    golden = repository / "tests" / "support" / "golden"
    files = [str(golden / f"characters.int8.{suffix}") for suffix in ("tflite", "onnx")]
    command = ["latency", "--models", *files, "--reference", files[0], "--thread-counts", "1", "--rounds", "3"]
    assert main([*command, "--runtimes", "litert", "onnxruntime", "--board", "My Board"]) == 0
    record = only_record(board)
    cases = [(case["path"], case["runtime"]) for case in record["cases"]]
    assert cases == [("characters.int8.tflite", "litert"), ("characters.int8.onnx", "onnxruntime")]
    assert record["cases"][0]["ratio_to_reference"] == [1.0, 1.0, 1.0]
    assert {len(values) for case in record["cases"] for values in case["raw_ms"]} == {3}
    assert "15 runs are too few" in capsys.readouterr().out


def test_parity_here_and_elsewhere(
    repository: Path, plate_models: list[str], board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A runtime agrees with itself, here and with a kept reference; other models and runtimes don't fit that."""
    golden = repository / "tests" / "support" / "golden"
    files = [plate_models[1], plate_models[3], str(golden / "characters.int8.tflite")]
    kept = board.parent / "reference.npz"
    assert main(["parity", "--models", *files, "--write-reference", str(kept), "--board", "My Board"]) == 0
    assert main(["parity", "--models", *files, "--against", str(kept), "--board", "My Board"]) == 0
    record = only_record(board)
    litert = record["runtimes"][0]
    assert record["reference"] == "litert on another machine"
    assert {found["most_steps"] for found in litert["integers"]} == {0}
    assert litert["texts"]["same"] == litert["texts"]["pictures"] == 25
    assert litert["xnnpack"] is True
    assert [(found["kind"], found["most_steps"]) for found in record["inputs"]] == [
        (kind, 0) for kind in ("detector", "reader", "classifier")
    ]
    assert main(["parity", "--models", *files, "--against", str(kept), "--reference", "tflite"]) == 1
    assert "holds the answers of litert: give --reference litert" in capsys.readouterr().err
    assert main(["parity", "--against", str(kept), "--board", "My Board"]) == 1
    assert "was made with other models" in capsys.readouterr().err


def test_all_runs_each_part_for_one_board(
    board: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything that a board can measure goes into its one file, and the way to send it is told."""
    ran: list[tuple[str, Path]] = []
    for name, part in run_all.PARTS.items():
        monkeypatch.setattr(part, "run", partial(_note, ran, name))
    assert main(["all", "--board", "My Board"]) == 0
    assert ran == [(name, Path("benchmarks/results/my-board.json")) for name in run_all.PARTS]
    assert "To send it" in capsys.readouterr().err


def _note(ran: list[tuple[str, Path]], name: str, parsed: argparse.Namespace) -> int:
    ran.append((name, parsed.json))
    return 0


def test_a_board_keeps_its_other_results(repository: Path, board: Path) -> None:
    """A benchmark replaces its own last result in the board's file, and no other one's."""
    add_record(board, "My Board", {"benchmark": "frames", "shares": [1.5, 2.5]})
    add_record(board, "My Board", {"benchmark": "stress"})
    add_record(board, "My Board", {"benchmark": "frames", "shares": []})
    assert [(r["benchmark"], r.get("shares")) for r in read_records(board)] == [("stress", None), ("frames", [])]


def test_accuracy_of_plates(
    plate_models: list[str], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accuracy runs the device's code over the split and writes every plate's outcome."""
    path = tmp_path / "accuracy.json"
    assert main(["accuracy", "--data", str(data), "--json", str(path), *plate_models]) == 0
    assert "fully legible plates" in capsys.readouterr().out
    result = json.loads(path.read_text(encoding="utf-8"))
    assert (result["split"], result["photos"], result["plates"][0]["truth"]) == ("test", 1, "A1")


def test_crops_are_read_and_not_looked_for(
    plate_models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Crops have figures of their own, and change none of the photographs'."""
    write_streets(tmp_path, 2, "test")
    alone = tmp_path / "alone.json"
    assert main(["accuracy", "--data", str(tmp_path), "--json", str(alone), *plate_models]) == 0
    (tmp_path / "more").mkdir()
    (write_streets(tmp_path / "more", 3, "test", seed=2, first=10) / "plates").rename(tmp_path / "crops")
    both = tmp_path / "both.json"
    capsys.readouterr()
    assert main(["accuracy", "--data", str(tmp_path), "--json", str(both), *plate_models]) == 0
    assert "crops  " in capsys.readouterr().out
    before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (alone, both))
    assert after["crops"]["reading"]["exact_match"]["count"] == 3
    assert after["crops"]["reading"]["exact_match"]["successes"] >= 2
    assert after["crops"]["reading_of_uncut"]["exact_match"]["count"] == 3
    assert "crops" not in before
    assert before["plates"] == after["plates"]
    assert before["seen"] == after["seen"]


def test_votes_are_no_ground_truth(plate_models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pictures of the test split that a vote labelled are left out of every figure, and their number is told."""
    labels = write_streets(tmp_path, 3, "test") / "plates" / "labels.jsonl"
    first, *others = labels.read_text(encoding="utf-8").splitlines()
    voted = [line.replace('"legible"', '"label": "vote", "legible"') for line in others]
    labels.write_text("\n".join([first, *voted]), encoding="utf-8")
    result = tmp_path / "accuracy.json"
    assert main(["accuracy", "--data", str(tmp_path), "--json", str(result), *plate_models]) == 0
    assert "LEFT OUT: 2 pictures labelled by a vote or a model" in capsys.readouterr().out
    figures = json.loads(result.read_text(encoding="utf-8"))
    assert (figures["photos"], figures["by_votes"]) == (1, 2)


def test_page_and_comparison(plate_models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page holds figures, diagram, comparison and the miss's picture, and asks no other file for anything."""
    write_streets(tmp_path, 2, "test")
    labels = tmp_path / "plates" / "labels.jsonl"
    first, second = (json.loads(line) for line in labels.read_text().splitlines())
    second["plates"][0]["rows"] = ["<X7>"]
    labels.write_text(json.dumps(first) + "\n" + json.dumps(second) + "\n")
    page, result = tmp_path / "out" / "page.html", tmp_path / "a.json"
    assert main(["accuracy", "--data", str(tmp_path), "--json", str(result), *plate_models]) == 0
    flags = ["--page", str(page), "--against", str(result)]
    assert main(["accuracy", "--data", str(tmp_path), *flags, *plate_models]) == 0
    assert re.search(r"against a\.json +2 plates", capsys.readouterr().out)
    text = page.read_text(encoding="utf-8")
    assert re.search(r"Every miss: [12] photographs", text)
    assert "&lt;X7&gt;" in text
    assert "<svg" in text
    assert "SEEN" not in text
    assert set(re.findall(r"(?:src|href)=.(\w+):", text)) | set(re.findall(r"url\((\w+):", text)) == {"data"}


def test_what_training_saw_is_marked(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figures on photographs that a network learnt from carry a warning, in the table and on the page."""
    golden = repository / "tests" / "support" / "golden"
    trained = Path(shutil.copy(golden / "reader.int8.tflite", tmp_path / "trained.tflite"))
    training = {"data": "data", "holdout": 0.5, "seed": 1}
    rewrite(trained, trained, training=training)
    write_streets(tmp_path, 4, "train")
    page, result = tmp_path / "page.html", tmp_path / "a.json"
    flags = ["--detector", str(golden / "detector.int8.tflite"), "--reader", str(trained), "--page", str(page)]
    data = ["accuracy", "--data", str(tmp_path), "--split", "train", "--json", str(result)]
    assert main([*data, *flags]) == 0
    assert capsys.readouterr().out.startswith("SEEN BY TRAINING: of 4 photographs the reader 2.")
    assert "SEEN BY TRAINING" in page.read_text(encoding="utf-8")
    seen = json.loads(result.read_text(encoding="utf-8"))
    assert seen["seen"] == {"photos": 4, "detector": 0, "reader": 2}
    assert sorted(plate["traits"]["seen"] for plate in seen["plates"]) == [False, False, True, True]


def test_each_photograph_goes_to_the_fold_that_has_not_seen_it(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given the readers of all folds, nothing that is read was seen."""
    golden = repository / "tests" / "support" / "golden"
    readers = [Path(shutil.copy(golden / "reader.int8.tflite", tmp_path / f"fold-{k}.tflite")) for k in (1, 2)]
    for fold, path in enumerate(readers, 1):
        training = {"data": "data", "seed": 1, "fold": fold, "folds": 2}
        rewrite(path, path, training=training)
    write_streets(tmp_path, 4, "train")
    data = ["accuracy", "--data", str(tmp_path), "--split", "train", "--detector", str(golden / "detector.int8.tflite")]
    assert main([*data, "--reader", *map(str, readers)]) == 0
    assert "SEEN" not in capsys.readouterr().out


def test_accuracy_of_an_empty_split(plate_models: list[str], data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A split without photographs is an error that names it, not a table of dashes."""
    assert main(["accuracy", "--data", str(data), "--split", "tets", *plate_models]) == 1
    assert "no photograph in the split 'tets'" in capsys.readouterr().err


def test_model_of_the_wrong_kind(plate_models: list[str], data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reader in a detector's place is refused by what it is."""
    assert main(["accuracy", "--data", str(data), *plate_models, "--detector", plate_models[-1]]) == 1
    assert "is a reader, and a detector is needed" in capsys.readouterr().err


def test_accuracy_of_characters(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The classifier is scored on the published split: the first three of ten files in each class."""
    names = character_folders(repository)
    for number, name in enumerate(names):
        (tmp_path / "characters" / name).mkdir(parents=True)
        for i in range(10):
            picture = np.full((20, 20, 3), 25 * number + i, np.uint8)
            cv2.imwrite(str(tmp_path / "characters" / name / f"{i}.png"), picture)
    model = str(repository / "tests" / "support" / "golden" / "characters.int8.tflite")
    assert main(["accuracy", "--data", str(tmp_path), "--characters", "--classifier", model]) == 0
    assert f"/{3 * len(names)}\n" in capsys.readouterr().out


def character_folders(repository: Path) -> list[str]:
    """Folders of the golden classifier's data set."""
    return list(load_country(repository / "tests" / "support" / "golden" / "tinyland.toml").characters)


def test_missing_model_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model file that isn't there ends with one line on stderr and exit status 1."""
    assert main(["frames", "--detector", str(tmp_path / "none.tflite"), "--json", str(tmp_path / "a.json")]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("lpr-bench: no model file")


@pytest.mark.parametrize(
    "arguments",
    [
        ["frames", "--frames", "0"],
        ["accuracy"],
        ["invented"],
        ["accuracy", "--rendered", "--split", "train"],
        ["accuracy", "--data", "d", "--characters", "--page", "p.html"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """No frames, no --data, an unknown benchmark, and flags that would change nothing are wrong usage."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: lpr-bench" in capsys.readouterr().err
