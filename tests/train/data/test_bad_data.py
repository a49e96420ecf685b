import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.crops_on_disk import noise, write_characters

from lpr_edge.contract.base.errors import DataError, LprError
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.character_files import load_characters
from lpr_train.app.cli import main
from lpr_train.base.findings import Report
from lpr_train.data.reader_crops import load_crops
from lpr_train.tasks.characters.config import CharactersConfig
from lpr_train.tasks.characters.crops import MAX_REPORTED
from lpr_train.tasks.characters.task import CharactersTask

NEPAL = load_country("nepal")
LABELS = tuple(NEPAL.characters.values())


@pytest.fixture
def characters(tmp_path: Path) -> Path:
    """Seven sound pictures a class; the first two are validation."""
    return write_characters(tmp_path / "characters", NEPAL, 7)


@pytest.fixture(autouse=True)
def few_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judging by a dozen rendered characters is enough here."""
    monkeypatch.setattr("lpr_train.tasks.characters.task.RENDERED_FOR_EVALUATION", 12)


def _labels_drawn(task: CharactersTask, count: int = 200) -> set[int]:
    return {int(task.sample(index)[1]["scores"].argmax()) for index in range(count)}


def _config(root: Path, **settings: float | str) -> CharactersConfig:
    return CharactersConfig(data=str(root), **settings)  # type: ignore[arg-type]


def test_an_empty_class_is_named_and_rendered(characters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Training goes on: the class that has no pictures is learnt from rendered ones alone."""
    shutil.rmtree(characters / "7")
    (characters / "7").mkdir()
    task = CharactersTask(_config(characters, clutter_share=0.0, foreign_share=0.0, mixup_share=0.0))
    assert _labels_drawn(task) == set(range(12))
    assert "the class '7' has no pictures" in capsys.readouterr().err
    assert set(task.representative(24).truth or ()) == set(LABELS) - {"७"}
    metrics = {metric["metric"] for metric in task.final_metrics(task.build())}
    assert "accuracy of ६" in metrics
    assert "accuracy of ७" not in metrics


def test_a_missing_class_stays_an_error_for_measuring(characters: Path) -> None:
    """Only who asks to be told gets the rest: a benchmark must not pass over a class in silence."""
    shutil.rmtree(characters / "7")
    with pytest.raises(DataError, match="the class '7' has no pictures"):
        load_characters(characters, "validation", NEPAL)


def test_one_class_alone_trains_beside_rendered_ones(characters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Eleven classes are named as empty and rendered."""
    for name in list(NEPAL.characters)[1:]:
        shutil.rmtree(characters / name)
    assert _labels_drawn(CharactersTask(_config(characters, mixup_share=0.0))) == set(range(12))
    assert capsys.readouterr().err.count("has no pictures") == 11


def test_one_class_alone_is_nothing_for_the_article(characters: Path) -> None:
    """Its recipe renders nothing, so there is nothing to tell apart."""
    for name in list(NEPAL.characters)[1:]:
        shutil.rmtree(characters / name)
    with pytest.raises(LprError, match=r"crops of 1 classes: expected 2 or more\. .*--recipe rich"):
        CharactersTask(_config(characters, recipe="article"))


def test_broken_pictures_are_named_and_left_out(characters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cut short, no picture at all, empty, one pixel, one single colour: each is named, the rest is loaded."""
    whole = (characters / "3" / "4.png").read_bytes()
    (characters / "3" / "4.png").write_bytes(whole[: len(whole) // 3])
    (characters / "3" / "5.png").write_text("no picture")
    (characters / "3" / "6.png").write_bytes(b"")
    cv2.imwrite(str(characters / "4" / "4.png"), noise(0, (1, 1)))
    cv2.imwrite(str(characters / "4" / "5.png"), np.full((20, 20, 3), 7, np.uint8))
    task = CharactersTask(_config(characters, holdout=0.0))
    told = capsys.readouterr().err
    assert told.count("lpr-train: left out: ") == 5
    assert [name in told for name in ("3/4.png", "3/5.png", "3/6.png", "4/4.png", "4/5.png")] == [True] * 5
    assert "4/4.png: is 1×1 pixels" in told
    files = {file_sha256(path) for path in characters.rglob("*.png")}
    assert len(files.intersection(task.representative(1000).sha256)) == 12 * 5 - 5


def test_a_broken_validation_picture_is_left_out(characters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figures are of those that could be read, and their count says so."""
    (characters / "3" / "0.png").write_text("no picture")
    task = CharactersTask(_config(characters, holdout=0.0))
    assert task.final_metrics(task.build())[0]["count"] == 12 * 2 - 1
    assert "3/0.png" in capsys.readouterr().err


def test_many_faults_are_summed_up(characters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder full of them doesn't flood the screen; the command that names all is named."""
    for place in range(40):
        (characters / "5" / f"x{place}.png").write_text(f"no picture {place}")
    CharactersTask(_config(characters))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == MAX_REPORTED + 1
    assert "more in the train split; lpr-train check --data" in lines[-1]


def test_pictures_of_every_depth_are_read(characters: Path) -> None:
    """Sixteen bits, grey, grey of sixteen bits, and alpha: all become three channels of bytes."""
    colour = noise(1)
    cv2.imwrite(str(characters / "0" / "3.png"), colour.astype(np.uint16) * 257)
    cv2.imwrite(str(characters / "0" / "4.png"), colour[..., 0])
    cv2.imwrite(str(characters / "0" / "5.png"), colour[..., 0].astype(np.uint16) * 257)
    cv2.imwrite(str(characters / "0" / "6.png"), np.dstack([colour, np.full((24, 20, 1), 9, np.uint8)]))
    report = Report()
    crops = {crop.path.stem: crop.image_bgr for crop in load_crops(characters, "train", NEPAL, report)[:5]}
    assert report.findings == []
    np.testing.assert_array_equal(crops["3"], colour)
    np.testing.assert_array_equal(crops["4"], np.repeat(colour[..., :1], 3, axis=2))
    np.testing.assert_array_equal(crops["5"], crops["4"])
    np.testing.assert_array_equal(crops["6"], colour)


def test_nothing_readable_is_an_error(characters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Training on no picture at all isn't what was asked for: one line, exit 1."""
    for path in characters.rglob("*.png"):
        path.write_text("no picture")
    assert main(["characters", "--data", str(characters), "--out", str(characters.parent / "run")]) == 1
    assert "no picture of the train split in" in capsys.readouterr().err
    assert not (characters.parent / "run").exists()
