"""A run that begins from other weights isn't judged on what those have learnt."""

import json
from pathlib import Path
from typing import Any

import cv2
import pytest
from tests.support.crops_on_disk import noise, write_characters

from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.splits import SeenPictures, read_seen
from lpr_edge.contract.run.folder import SEEN
from lpr_train.base.config import FitConfig
from lpr_train.base.task import LearnsLabels, LearnsPictures
from lpr_train.data.initial_run import images_of_initial_run
from lpr_train.loop.fit import fit
from lpr_train.runs.run_folder import open_run, seen_by, write_run
from lpr_train.tasks.characters.config import CharactersConfig
from lpr_train.tasks.characters.task import CharactersTask
from lpr_train.tasks.detector.config import DetectorConfig
from lpr_train.tasks.detector.task import DetectorTask
from lpr_train.tasks.reader.config import ReaderConfig
from lpr_train.tasks.reader.task import ReaderTask

COUNT = 10
DIGITS = "०१२३४५६७८९"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ten photographs of a plate each."""
    images = tmp_path / "data" / "plates" / "images"
    images.mkdir(parents=True)
    write_characters(tmp_path / "data" / "characters", load_country("nepal"), 6)
    lines = []
    for number in range(COUNT):
        cv2.imwrite(str(images / f"{number}.png"), noise(number, (60, 90)))
        quad = [[10, 10], [70, 10], [70, 40], [10, 40]]
        plate = {"quad": quad, "rows": ["बा१प", 4 * DIGITS[number]], "legible": "full", "kind": "devanagari"}
        lines.append(json.dumps({"image": f"{number}.png", "split": "train", "plates": [plate]}))
    (images.parent / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "data"


def hashes(data: Path) -> list[str]:
    return [file_sha256(data / "plates" / "images" / f"{number}.png") for number in range(COUNT)]


def before(tmp_path: Path, sha256: list[str]) -> str:
    """A run folder whose weights have seen these."""
    run = tmp_path / "before"
    run.mkdir(exist_ok=True)
    (run / SEEN).write_text(SeenPictures.of(sha256).to_json(), encoding="utf-8")
    return str(run)


@pytest.mark.parametrize(("config_class", "task_class"), [(DetectorConfig, DetectorTask), (ReaderConfig, ReaderTask)])
def test_held_out_photographs_that_were_learnt_before_judge_nothing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], config_class: Any, task_class: Any
) -> None:
    """Weights that have learnt all but two photographs leave those two to judge by; all of them, rendered ones."""
    fresh = task_class(config_class(data=str(data), holdout=0.5, heldout=10))
    held_out = set(fresh.heldout(COUNT // 2).sha256)
    assert held_out < set(hashes(data))
    assert len(held_out) == COUNT // 2
    assert fresh.learnt_sha256() == set(hashes(data)) - held_out
    assert capsys.readouterr().err == ""

    spared = sorted(held_out)[:2]
    init = before(tmp_path, [digest for digest in hashes(data) if digest not in spared])
    tuned = task_class(config_class(data=str(data), holdout=0.5, heldout=10, init=init))
    assert set(tuned.heldout(2).sha256) == set(spared)
    more = tuned.heldout(10)
    assert (len(more.pictures), set(more.sha256) & set(hashes(data))) == (10, set(spared))
    assert more.source == "plates and rendered, held out"
    assert "3 of 5 held-out images were training images of" in capsys.readouterr().err
    labels = tuned.learnt_labels() if isinstance(tuned, LearnsLabels) else set()
    assert seen_by(tuned) == SeenPictures.of(set(hashes(data)) - set(spared), labels)
    assert not labels or {"बा", "१", "प"} < labels

    tuned = task_class(config_class(data=str(data), holdout=0.5, heldout=10, init=before(tmp_path, hashes(data))))
    assert tuned.heldout(2).source == "rendered"
    assert {metric["data"] for metric in tuned.final_metrics(tuned.build())} == {"rendered"}


@pytest.mark.parametrize(
    ("config_class", "task_class", "own", "count"),
    [
        (DetectorConfig, DetectorTask, 5, 6),
        (ReaderConfig, ReaderTask, 5, 8),
        (CharactersConfig, CharactersTask, 36, 40),
    ],
)
def test_few_training_pictures_are_calibrated_with_rendered_ones(
    data: Path, config_class: Any, task_class: Any, own: int, count: int
) -> None:
    """An int8 export of a run on few photographs has ranges to rely on; none of its pictures is also held out."""
    task = task_class(config_class(data=str(data), holdout=0.5, heldout=10))
    files = {file_sha256(path) for path in data.rglob("*.png")}
    samples = task.representative(count)
    learnt = [digest for digest in samples.sha256 if digest in files]
    assert set(learnt) <= task.learnt_sha256()
    assert (len(samples.pictures), len(learnt)) == (count * 3 // 2, own)
    assert "and rendered, train" in samples.source
    assert not set(samples.sha256) & set(task.heldout(10).sha256)
    assert task.representative(5).source.endswith("split")
    assert "rendered" not in task.representative(5).source


def test_a_classifier_is_not_judged_on_crops_learnt_before(data: Path, tmp_path: Path) -> None:
    """The same for single characters."""
    settings = {"data": str(data), "holdout": 0.4, "heldout": 100}
    fresh = CharactersTask(CharactersConfig(**settings))  # type: ignore[arg-type]
    crops = {file_sha256(path) for path in (data / "characters").rglob("*.png")}
    held_out = [digest for digest in fresh.heldout(100).sha256 if digest in crops]
    assert not fresh.learnt_sha256() & set(held_out)
    init = before(tmp_path, list(held_out[1:]))
    tuned = CharactersTask(CharactersConfig(**settings, init=init))  # type: ignore[arg-type]
    assert [digest for digest in tuned.heldout(100).sha256 if digest in crops] == held_out[:1]


def test_rendered_pictures_alone_leave_no_trace(data: Path) -> None:
    """A run that shows no photograph has learnt none."""
    assert DetectorTask(DetectorConfig(data=str(data), real_share=0.0)).learnt_sha256() == set()
    assert DetectorTask(DetectorConfig()).learnt_sha256() == set()


def test_the_record_travels_from_run_to_run(halves: Any, tmp_path: Path) -> None:
    """A run folder holds what it and the weights before it have learnt; figures are marked where nobody knows."""
    first = write(halves(epochs=1, heldout=2), tmp_path / "first")
    assert (read_seen(first), splits(first)) == (SeenPictures(), {"held out"})
    (first / SEEN).write_text(SeenPictures.of(["a" * 64]).to_json(), encoding="utf-8")
    second = write(halves(epochs=1, heldout=2, init=str(first)), tmp_path / "second")
    assert (read_seen(second), splits(second)) == (SeenPictures.of(["a" * 64]), {"held out"})
    (first / SEEN).unlink()
    (first / "model.json").unlink()
    third = write(halves(epochs=1, heldout=2, init=str(first)), tmp_path / "third")
    assert not read_seen(third).is_complete
    assert splits(third) == {"held out, maybe seen by --init"}


def write(task: Any, out: Path) -> Path:
    open_run(out, task.config)
    write_run(task, fit(task, out), out)
    return out


def splits(run: Path) -> set[str]:
    return {metric["split"] for metric in json.loads((run / "metrics.json").read_text(encoding="utf-8"))["metrics"]}


def test_a_run_that_begins_anew_has_nothing_before_it(halves: Any) -> None:
    """No --init, nothing seen; the task of these tests learns from no files."""
    assert images_of_initial_run(FitConfig().init) == SeenPictures()
    assert not isinstance(halves(), LearnsPictures)
