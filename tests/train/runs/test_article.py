import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.preprocess import prepare
from lpr_train.app.cli import build_parser, main, settings
from lpr_train.augment.keras_views import keras_matrix, keras_view, move_as_keras
from lpr_train.data.stream import SampleStream, Share, steps_per_epoch
from lpr_train.loop.optimizer import make_optimizer
from lpr_train.networks import multiply_adds
from lpr_train.networks.baseline import baseline_classifier
from lpr_train.runs import article
from lpr_train.runs.article import ArticleRun, format_article, plot_article, read_run, run_article, summary
from lpr_train.runs.run_folder import is_finished
from lpr_train.tasks.characters.config import CharactersConfig
from lpr_train.tasks.characters.task import CharactersTask

NEPAL = load_country("nepal")
PICTURES = 7
"""Of each class: two are validation, five training; 60 in all, which no batch of 32 divides."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A character data set of noise."""
    root = tmp_path_factory.mktemp("data") / "characters"
    for number, name in enumerate(NEPAL.characters):
        (root / name).mkdir(parents=True)
        for place in range(PICTURES):
            crop = np.random.default_rng((number, place)).integers(0, 255, (20, 16, 3), np.uint8)
            cv2.imwrite(str(root / name / f"{place}.png"), crop)
    return root.parent


def _baseline(data: Path, **settings: Any) -> CharactersConfig:
    preset = CharactersConfig.preset({"arch": "baseline"})
    return CharactersConfig(**vars(preset) | {"arch": "baseline", "data": str(data)} | settings)


def test_the_network_is_the_article_s() -> None:
    """675,468 parameters and 614 M multiply-adds, layer after layer as it was published."""
    model = baseline_classifier((128, 128), 12)
    assert model.count_params() == 675_468
    assert round(multiply_adds(model) / 1e6) == 614
    convolution, block = ["Conv2D"], ["Conv2D", "BatchNormalization", "MaxPooling2D"]
    ending = ["GlobalMaxPooling2D", "Dense", "Dense"]
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", *convolution, *block * 5, *ending]
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert [layer.filters for layer in convolutions] == [32, 64, 96, 128, 160, 192]
    assert {(layer.kernel_size, layer.padding, layer.activation.__name__) for layer in convolutions} == {
        ((3, 3), "valid", "relu")
    }


def test_its_network_brings_its_settings(tmp_path: Path) -> None:
    """--arch baseline alone is the article's training; a flag still wins, and so does a file."""

    def config(*flags: str) -> CharactersConfig:
        arguments = ["characters", "--out", str(tmp_path), *flags]
        return settings(build_parser(arguments).parse_args(arguments), CharactersConfig)

    told = config("--arch", "baseline")
    assert (told.recipe, told.epochs, told.batch_size, told.holdout, told.ema) == ("article", 20, 32, 0.0, 0.0)
    assert (told.optimizer, told.momentum, told.learning_rate, told.weight_decay) == ("sgd", 0.0, 0.01, 0.0)
    assert config("--arch", "baseline", "--epochs", "3").epochs == 3
    assert config("--arch", "baseline", "--recipe", "rich").optimizer == "adamw"
    assert config() == CharactersConfig()
    (tmp_path / "my.toml").write_text('arch = "baseline"\nbatch_size = 16\n', encoding="utf-8")
    from_file = config("--config", str(tmp_path / "my.toml"))
    assert (from_file.arch, from_file.batch_size, from_file.epochs) == ("baseline", 16, 20)


def test_its_optimiser_is_plain_sgd() -> None:
    """Keras' default rate from the first step to the last, no momentum, no decay, no clipping."""
    optimizer = make_optimizer(_baseline(Path("none")), 2)
    assert type(optimizer).__name__ == "SGD"
    assert (optimizer.momentum, optimizer.nesterov, optimizer.weight_decay) == (0.0, False, None)
    assert optimizer.global_clipnorm is None
    assert {round(float(optimizer._learning_rate(step)), 6) for step in (0, 1, 20, 40)} == {0.01}


def test_an_epoch_shows_each_crop_once(data: Path) -> None:
    """In another order each time, the last batch smaller; nothing but training crops."""
    task = CharactersTask(_baseline(data, batch_size=32, epochs=2))
    assert task.samples_per_epoch == 5 * 12
    assert steps_per_epoch(task) == 2
    batches = list(SampleStream(task).dataset(0, 2))
    assert [len(pixels) for pixels, _ in batches] == [32, 28, 32, 28]
    labels = [target.argmax() for _, targets in batches for target in targets["scores"].numpy()]
    assert Counter(labels[:60]) == dict.fromkeys(range(12), 5)
    assert labels[:60] != labels[60:]
    assert batches[0][0].shape[1:] == (128, 128, 3)


def test_workers_share_a_batch(data: Path) -> None:
    """Two streams make the halves of each batch, in place; the smaller batch at the end is left out."""
    task = CharactersTask(_baseline(data, batch_size=8))
    whole = [pixels.numpy() for pixels, _ in SampleStream(task).dataset(0, 1)]
    halves = [
        [pixels.numpy() for pixels, _ in SampleStream(task).dataset(0, 1, Share(place, 2, 2))] for place in range(2)
    ]
    assert steps_per_epoch(task, replicas=2) == len(halves[0]) == len(halves[1]) == 7
    for together, first, second in zip(whole, *halves, strict=False):
        np.testing.assert_array_equal(together, np.concatenate([first, second]))


def test_views_move_as_keras_does() -> None:
    """Rows and columns as in `apply_affine_transform`: a quarter turn, a zoom, and no move at all."""
    picture = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    ones = np.ones(2, np.float32)
    np.testing.assert_array_equal(move_as_keras(picture, keras_matrix(0.0, 0.0, ones)), picture)
    np.testing.assert_array_equal(move_as_keras(picture, keras_matrix(np.pi / 2, 0.0, ones)), np.rot90(picture, -1))
    rows = np.repeat(np.arange(9, dtype=np.uint8)[:, None], 9, axis=1)[..., None]
    shrunk = move_as_keras(rows, keras_matrix(0.0, 0.0, np.array([2.0, 1.0], np.float32)))
    assert shrunk[:, 0, 0].tolist() == [0, 0, 0, 2, 4, 6, 8, 8, 8]  # what lies outside repeats the edge


def test_views_differ_and_are_repeatable() -> None:
    """The same generator gives the same view; a view keeps most of the picture."""
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8), (0, 0), 4)
    one, same, other = (keras_view(np.asarray(picture), np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_validation_is_watched_and_never_chooses(data: Path) -> None:
    """Each epoch's accuracy on the published split is written down; without a score the last epoch is kept."""
    task = CharactersTask(_baseline(data))
    model = task.build()
    figures = task.validate(model)
    assert set(figures) == {"validation_accuracy", "validation_loss", "varied_validation_accuracy"}
    first = task.final_metrics(model)[0]
    assert (first["data"], first["split"], first["count"]) == ("characters", "validation", 24)


def test_the_network_sees_the_whole_picture(tmp_path: Path, data: Path) -> None:
    """Validation pictures reach it prepared as on the device, never shrunk twice."""
    root = tmp_path / "characters"
    for name in NEPAL.characters:
        (root / name).mkdir(parents=True)
        for place in range(4):
            crop = np.random.default_rng(place).integers(0, 255, (700, 400, 3), np.uint8)
            cv2.imwrite(str(root / name / f"{place}.png"), crop)
    task = CharactersTask(_baseline(tmp_path))
    _, _, pictures, _ = task._measured
    first = prepare(read_picture(root / "0" / "0.png"), task._spec).pixels[0]
    np.testing.assert_array_equal(pictures[0], first)


def test_the_article_s_recipe_needs_real_crops() -> None:
    """Without data there is nothing for it to train on, and the message says what to do."""
    with pytest.raises(LprError, match=r"there are crops of 0 classes: expected 2 or more\. Give --data"):
        CharactersTask(CharactersConfig(recipe="article"))


def _write_run(folder: Path, accuracies: list[float], interrupted: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "history.csv").open("w", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["epoch", "loss", "validation_accuracy", "varied_validation_accuracy", "seconds"])
        table.writerows([n, 1.0, value, value - 0.1, 30] for n, value in enumerate(accuracies, 1))
    metrics = {"epochs": len(accuracies), "interrupted": interrupted}
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")


def test_best_and_last_are_told_apart(tmp_path: Path) -> None:
    """A run's best epoch and its last one, and over seeds their mean, least and most, beside the published."""
    _write_run(tmp_path / "a", [0.5, 0.9, 0.8])
    _write_run(tmp_path / "b", [0.7, 0.6, 0.7])
    runs = [read_run(tmp_path / "a", 1), read_run(tmp_path / "b", 2)]
    assert runs[0] == ArticleRun(1, 0.9, 2, 0.8, 0.9 - 0.1, 0.8 - 0.1, 1.5)
    assert (runs[1].best_epoch, runs[1].last) == (1, 0.7)
    over = summary(runs)["over seeds"]
    assert over["best"] == {"mean": 0.8, "least": 0.7, "most": 0.9}
    text = format_article(runs)
    assert "seed 1: best 90.0% (epoch 2), last 80.0%" in text
    assert text.endswith("published: best 91.4%, last 85.7%")


def test_finished_seeds_are_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same command goes on: seed 1 is done, 2 was interrupted, 3 hasn't begun."""
    _write_run(tmp_path / "seed-1", [0.5, 0.6])
    _write_run(tmp_path / "seed-2", [0.5], interrupted=True)
    assert [is_finished(tmp_path / f"seed-{n}", 2) for n in (1, 2, 3)] == [True, False, False]
    trained = []

    def train(config: CharactersConfig, folder: Path) -> dict[str, Any]:
        trained.append((config.arch, config.recipe, config.seed, config.epochs))
        _write_run(folder, [0.5, 0.6])
        return {"interrupted": False}

    monkeypatch.setattr(article, "_train", train)
    assert main(["article", "--data", "d", "--out", str(tmp_path), "--epochs", "2"]) == 0
    assert trained == [("baseline", "article", 2, 2), ("baseline", "article", 3, 2)]
    assert "mean: best" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "article.json").read_text(encoding="utf-8"))["runs"]) == 3
    assert read_picture(tmp_path / "article.png").std() > 5


def test_ctrl_c_ends_the_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted seed counts for nothing, no further one begins, and the exit status is 130."""
    monkeypatch.setattr(article, "_train", lambda *_: {"interrupted": True})
    assert run_article(Path("d"), tmp_path, 3, 20, "nepal") == []
    assert main(["article", "--data", "d", "--out", str(tmp_path)]) == 130


def test_curves_of_seeds_are_drawn(tmp_path: Path) -> None:
    """A line a seed."""
    row = {"epoch": 1.0, "validation_accuracy": 0.5, "varied_validation_accuracy": 0.4}
    plot_article([[row, row | {"epoch": 2.0}]] * 2, tmp_path / "article.png")
    assert read_picture(tmp_path / "article.png").std() > 5


@pytest.mark.slow
def test_a_short_experiment_runs_whole(data: Path, tmp_path: Path) -> None:
    """Two seeds of one epoch: run folders with plots and history, and their figures together."""
    assert main(["article", "--data", str(data), "--out", str(tmp_path), "--seeds", "2", "--epochs", "1"]) == 0
    names = {path.name for path in (tmp_path / "seed-2").iterdir()}
    assert {"model.keras", "history.csv", "curves.png", "confusion.png", "predictions.png", "mistakes.png"} <= names
    history = article.read_history(tmp_path / "seed-1")
    assert {"loss", "train_accuracy", "validation_accuracy"} <= set(history[0])
    values = json.loads((tmp_path / "article.json").read_text(encoding="utf-8"))
    assert [run["seed"] for run in values["runs"]] == [1, 2]
