import json
import shutil
from pathlib import Path

import cv2
import pytest
from tests.support.crops_on_disk import noise
from tests.support.made_plates import write_streets

from lpr_bench.app.cli import main
from lpr_edge.contract.countries import load_country


@pytest.fixture
def models(repository: Path) -> list[str]:
    """The golden networks."""
    golden = repository / "tests" / "support" / "golden"
    return ["--detector", str(golden / "detector.int8.tflite"), "--reader", str(golden / "reader.int8.tflite")]


def copy_photo(data: Path, name: str, copy: str, split: str) -> None:
    """List a photograph once more, under another name."""
    labels = data / "plates" / "labels.jsonl"
    shutil.copyfile(labels.parent / "images" / name, labels.parent / "images" / copy)
    lines = labels.read_text(encoding="utf-8").splitlines()
    line = next(values for values in map(json.loads, lines) if values["image"] == name)
    labels.write_text("\n".join([*lines, json.dumps(line | {"image": copy, "split": split})]) + "\n", encoding="utf-8")


def measure(data: Path, *flags: str) -> dict[str, object]:
    path = data / "result.json"
    assert main(["accuracy", "--data", str(data), "--json", str(path), *flags]) == 0
    result: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return result


def test_a_photograph_ten_times_is_one(tmp_path: Path, models: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Copies change no figure; each is named with the photograph that counts."""
    write_streets(tmp_path, 2, "test")
    plain = measure(tmp_path, *models)
    assert plain["copies"] == plain["in_training"] == []
    assert "COPIES" not in capsys.readouterr().out
    for number in range(9):
        copy_photo(tmp_path, "test0.png", f"copy{number}.png", "test")
    copied = measure(tmp_path, *models)
    assert copied["photos"] == plain["photos"] == 2
    assert copied["plates"] == plain["plates"]
    assert copied["copies"] == [{"image": f"images/copy{n}.png", "same_as": "images/test0.png"} for n in range(9)]
    assert "COPIES, counted once: images/copy0.png = images/test0.png, " in capsys.readouterr().out


def test_a_photograph_of_training_is_named(
    tmp_path: Path, models: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands in train and in test is no test: it is named above the figures, in the file and on the page."""
    write_streets(tmp_path, 2, "test")
    write_streets(tmp_path, 1, "train", seed=5)
    copy_photo(tmp_path, "test1.png", "copy.png", "train")
    page = tmp_path / "page.html"
    result = measure(tmp_path, "--page", str(page), *models)
    assert result["in_training"] == [{"image": "images/test1.png", "same_as": "images/copy.png"}]
    assert capsys.readouterr().out.startswith("IN TRAINING TOO: images/test1.png = images/copy.png. Figures")
    assert "IN TRAINING TOO" in page.read_text(encoding="utf-8")


def test_a_missing_training_photograph_stops_nothing(tmp_path: Path, models: list[str]) -> None:
    """Only the measured split's pictures are needed."""
    write_streets(tmp_path, 1, "test")
    write_streets(tmp_path, 1, "train", seed=5)
    (tmp_path / "plates" / "images" / "train0.png").unlink()
    assert measure(tmp_path, *models)["photos"] == 1


def test_characters_that_are_copies(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A copy within the measured split of single characters counts once, too."""
    golden = repository / "tests" / "support" / "golden"
    names = list(load_country(golden / "tinyland.toml").characters)
    for number, name in enumerate(names):
        (tmp_path / name).mkdir(parents=True)
        for place in range(10):
            seed = 100 * number + (0 if number == 0 and place == 1 else place)
            cv2.imwrite(str(tmp_path / name / f"{place}.png"), noise(seed))
    result = measure(tmp_path, "--characters", "--classifier", str(golden / "characters.int8.tflite"))
    assert result["copies"] == [{"image": f"{names[0]}/1.png", "same_as": f"{names[0]}/0.png"}]
    out = capsys.readouterr().out
    assert out.startswith("COPIES, counted once:")
    assert f"/{3 * len(names) - 1}\n" in out
