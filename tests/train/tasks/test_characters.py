from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.data.character_files import load_glyphs
from lpr_train.base.accuracy import accuracy_metrics, is_right, true_label_loss
from lpr_train.base.findings import Report
from lpr_train.data.reader_crops import (
    CANVAS,
    beside_neighbour,
    hold_out_groups,
    hold_out_runs,
    load_crops,
    load_glyph_crops,
    repaint,
    vary,
)
from lpr_train.loop.fit import fit
from lpr_train.tasks.characters.config import CharactersConfig
from lpr_train.tasks.characters.task import CharactersTask

NEPAL = load_country("nepal")
LABELS = tuple(NEPAL.characters.values())
RARE = 10
"""Pictures of each class but the first, which has three times as many."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A character data set in which each class is a grey of its own."""
    root = tmp_path_factory.mktemp("data") / "characters"
    for number, name in enumerate(NEPAL.characters):
        (root / name).mkdir(parents=True)
        for place in range(RARE * 3 if number == 0 else RARE):
            rng = np.random.default_rng((number, place))
            crop = np.full((30, 24, 3), 20 * number + 5, np.uint8) + rng.integers(0, 10, (30, 24, 3), np.uint8)
            cv2.imwrite(str(root / name / f"{place:02}.png"), crop)
    return root.parent


def _config(data: Path | None = None) -> CharactersConfig:
    plain = CharactersConfig(data=str(data or ""), clutter_share=0.0, mixup_share=0.0, label_smoothing=0.0)
    plain = replace(plain, foreign_share=0.0)
    return replace(plain, real_share=1.0, strength=0.0) if data else plain


def test_whole_runs_of_names_are_held_out(data: Path) -> None:
    """Neighbouring names go together, each class gives its share, and nothing is on both sides."""
    crops = load_crops(data, "train", NEPAL)
    training, held = hold_out_runs(crops, 0.3, seed=1)
    assert len(training) + len(held) == len(crops)
    assert not {crop.sha256 for crop in training} & {crop.sha256 for crop in held}
    assert Counter(crop.label for crop in held) == {LABELS[0]: 6} | dict.fromkeys(LABELS[1:], 2)
    places = [crops.index(crop) for crop in held if crop.label == LABELS[0]]
    assert [b - a for a, b in pairwise(places[:3])] == [1, 1]


def test_copies_of_held_out_crops_leave_training(data: Path) -> None:
    """The same bytes under another name would tell the answer."""
    crops = load_crops(data, "train", NEPAL)
    _, held = hold_out_runs(crops, 0.3, seed=1)
    copy = replace(held[0], path=Path("copy.png"))
    training, _ = hold_out_runs([*crops, copy], 0.3, seed=1)
    assert copy.sha256 not in {crop.sha256 for crop in training}


def test_no_share_holds_nothing_out(data: Path) -> None:
    """A final run may train on all."""
    crops = load_crops(data, "train", NEPAL)
    assert hold_out_runs(crops, 0.0, seed=1) == (crops, [])


def test_validation_files_never_train(data: Path) -> None:
    """Neither training, choosing nor calibration draws from the published validation split."""
    task = CharactersTask(_config(data))
    validation = {crop.sha256 for crop in load_crops(data, "validation", NEPAL)}
    drawn = {*task.representative(1000).sha256, *task.heldout(1000).sha256}
    assert len(drawn) > 80
    assert not drawn & validation


def test_every_label_is_drawn_as_often(data: Path) -> None:
    """A class with three times the pictures isn't seen more than the others."""
    task = CharactersTask(_config(data))
    drawn = Counter(int(task.sample(index)[1]["scores"].argmax()) for index in range(600))
    assert set(drawn) == set(range(12))
    assert max(drawn.values()) < 2 * min(drawn.values())


def test_the_target_is_the_picture_s_label(data: Path) -> None:
    """Unvaried crops keep their class's grey, so picture and target can be compared."""
    task = CharactersTask(_config(data))
    for index in range(60):
        pixels, targets = task.sample(index)
        assert pixels.shape == (48, 48, 3)
        assert round((pixels.mean() - 9.5) / 20) == targets["scores"].argmax()


def test_the_same_index_gives_the_same_sample(data: Path) -> None:
    """A sample depends on seed and index alone, in any order, rendered and mixed ones too."""
    config = CharactersConfig(data=str(data), real_share=0.5, clutter_share=0.2, mixup_share=0.5)
    one, other = CharactersTask(config), CharactersTask(config)
    forward = [one.sample(index) for index in range(12)]
    backward = [other.sample(index) for index in reversed(range(12))][::-1]
    for (pixels, targets), (same_pixels, same_targets) in zip(forward, backward, strict=True):
        np.testing.assert_array_equal(pixels, same_pixels)
        np.testing.assert_array_equal(targets["scores"], same_targets["scores"])
    assert not np.array_equal(CharactersTask(replace(config, seed=2)).sample(0)[0], forward[0][0])


def test_targets_are_shares(data: Path) -> None:
    """Smoothed, mixed and clutter targets sum to one; clutter asks for no preference."""
    task = CharactersTask(replace(_config(data), mixup_share=0.5, label_smoothing=0.1))
    for index in range(20):
        scores = task.sample(index)[1]["scores"]
        assert scores.sum() == pytest.approx(1.0, abs=1e-5)
        assert scores.min() == pytest.approx(0.1 / 12, abs=1e-5)
    clutter = CharactersTask(CharactersConfig(clutter_share=1.0))
    assert clutter.sample(0)[1]["scores"] == pytest.approx(1 / 12)


def test_rendered_characters_train_without_data() -> None:
    """Without --data every label is rendered, and the card says that no real picture was used."""
    task = CharactersTask(_config())
    assert {int(task.sample(index)[1]["scores"].argmax()) for index in range(60)} == set(range(12))
    assert "rendered pictures alone" in task.model_card_fields()["licence"]
    assert task.representative(3).source == "rendered"


def test_calibration_is_balanced_and_says_where_it_comes_from(data: Path) -> None:
    """Each class gives as many, by the hashes of its files; the truth stands beside."""
    samples = CharactersTask(_config(data)).representative(24)
    assert samples.truth is not None
    assert Counter(samples.truth) == dict.fromkeys(LABELS, 2)
    assert "train split" in samples.source
    files = {file_sha256(path) for path in (data / "characters").rglob("*.png")}
    assert set(samples.sha256) <= files


def test_without_data_the_pictures_put_by_are_rendered(data: Path) -> None:
    """What a shipped run carries shows nobody's plate."""
    task = CharactersTask(replace(_config(data), data=""))
    for samples in (task.representative(12), task.heldout(12)):
        assert samples.source == "rendered"
        assert samples.truth == LABELS
    assert not set(task.representative(12).sha256) & set(task.heldout(12).sha256)


def test_figures_are_of_each_class_and_the_least() -> None:
    """A network that always says the first label is right on that class alone."""
    truth = ["०", "०", "१", "१"]
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.3, 0.7]], np.float32)
    right = is_right(scores, truth, ["०", "१"])
    assert right.tolist() == [True, True, False, True]
    figures = {metric["metric"]: (metric["value"], metric["count"]) for metric in accuracy_metrics(right, truth, "०१२")}
    expected = {"accuracy": (0.75, 4), "least class accuracy": (0.5, 2), "accuracy of ०": (1.0, 2)}
    assert figures == expected | {"accuracy of १": (0.5, 2)}
    assert true_label_loss(scores[:1], truth[:1], ["०", "१"]) == pytest.approx(-np.log(0.9))


def test_an_unvaried_crop_stays_what_it_was() -> None:
    """Strength 0 only stretches it to the canvas; strength 1 changes it, in the same size."""
    crop = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8), (0, 0), 2)
    plain = vary(np.asarray(crop), [], np.random.default_rng(1), 0.0)
    assert np.abs(plain.astype(int) - cv2.resize(crop, (CANVAS, CANVAS)).astype(int)).mean() < 3
    varied = vary(np.asarray(crop), [np.asarray(crop)], np.random.default_rng(1), 1.0)
    assert varied.shape == (CANVAS, CANVAS, 3)
    assert np.abs(varied.astype(int) - plain.astype(int)).mean() > 5


@pytest.mark.parametrize("seed", range(8))
def test_a_neighbour_stands_beside_and_hides_nothing(seed: int) -> None:
    """The whole crop is still there, with a strip of at most a quarter on one side."""
    rng = np.random.default_rng(seed)
    crop, other = (np.asarray(rng.integers(0, 255, (h, w, 3)), np.uint8) for h, w in ((40, 30), (20, 50)))
    joined = beside_neighbour(crop, other, rng)
    places = [(0, 0), (joined.shape[0] - 40, joined.shape[1] - 30)]
    assert any(np.array_equal(joined[y : y + 40, x : x + 30], crop) for y, x in places)
    assert 40 * 30 < joined.shape[0] * joined.shape[1] <= 1.25 * 40 * 30


def test_repainting_keeps_the_shape() -> None:
    """Whatever the paint, what was apart in brightness or colour stays apart."""
    picture = np.full((8, 8, 3), (40, 30, 190), np.uint8)
    picture[2:6, 2:6] = (235, 240, 245)
    for seed in range(40):
        painted = repaint(picture, np.random.default_rng(seed), 1.0).astype(int)
        assert np.abs(painted[0, 0] - painted[3, 3]).max() > 40


def test_an_unknown_network_is_refused() -> None:
    """The message names what there is."""
    with pytest.raises(LprError, match="`arch` is huge, and it must be compact or baseline"):
        CharactersConfig(arch="huge")


def test_a_country_without_characters_is_refused(tmp_path: Path) -> None:
    """A country's file needs classes for this network."""
    values = {"name": "nowhere", "labels": {"digits": ["1"]}, "forms": []}
    assert country_from_dict(values).characters == {}
    path = tmp_path / "nowhere.toml"
    path.write_text('name = "nowhere"\nforms = []\n[labels]\ndigits = ["1"]\n', encoding="utf-8")
    with pytest.raises(LprError, match=r"nowhere has no \[characters\]"):
        CharactersTask(CharactersConfig(country=str(path)))


@pytest.mark.slow
def test_a_short_run_learns_rendered_characters(tmp_path: Path) -> None:
    """A few hundred steps read most rendered characters that were never seen; its figures are of all classes."""
    config = CharactersConfig(epochs=7, steps_per_epoch=75, batch_size=16, ema=0.98, strength=0.3)
    task = CharactersTask(config)
    fitted = fit(task, tmp_path)
    metrics = task.final_metrics(fitted.model)
    assert metrics[0]["value"] > 0.6
    assert {metric["metric"] for metric in metrics} >= {f"accuracy of {label}" for label in LABELS}
    task.plots(fitted.model, tmp_path)
    assert {"confusion.png", "predictions.png"} <= {path.name for path in tmp_path.iterdir()}


@pytest.fixture(scope="module")
def wide_data(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a wider data set beside it: four groups of three variations each for three letters."""
    root = tmp_path_factory.mktemp("wide")
    (root / "characters").symlink_to(data / "characters")
    lines = ["file,label,group,split"]
    for number, label in enumerate(("ख", "च", "०")):
        (root / "glyphs" / str(number)).mkdir(parents=True)
        for place in range(15):
            name = f"{number}/{place:02}.png"
            picture = np.random.default_rng((9, number, place)).integers(0, 255, (32, 32, 3), np.uint8)
            cv2.imwrite(str(root / "glyphs" / name), picture)
            lines.append(f"{name},{label},{label}-{place // 3},{'validation' if place >= 12 else 'train'}")
    (root / "glyphs" / "index.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def test_a_wide_alphabet_knows_the_published_classes_first(wide_data: Path) -> None:
    """34 labels; the article's are where they were, and pictures of both data sets are learnt from."""
    task = CharactersTask(replace(_config(wide_data), alphabet="wide"))
    assert task.labels[: len(LABELS)] == LABELS
    assert len(task.labels) == len(set(task.labels)) == 34
    assert {crop.source for crop in task._crops} == {"", "glyphs"}
    assert task.build().outputs[0].shape == (None, 34)
    drawn = Counter(int(task.sample(i)[1]["scores"].argmax()) for i in range(600))
    assert drawn[0] > 1.2 * drawn[task.labels.index("ख")] > 0


def test_variations_of_one_picture_stay_together(wide_data: Path) -> None:
    """Held out or learnt: a group is never parted, and the wider set's validation split is never learnt."""
    crops = load_glyph_crops(wide_data, "train", NEPAL.wide_characters, Report())
    training, held = hold_out_groups(crops, 0.3, seed=1)
    group_of = {crop.sha256: group for group, crop in crops}
    assert len(training) == 27
    assert len(held) == 9
    assert not {group_of[crop.sha256] for crop in training} & {group_of[crop.sha256] for crop in held}


def test_without_the_wider_data_a_wide_alphabet_is_rendered(data: Path) -> None:
    """Letters that the folder has no picture of come from fonts."""
    task = CharactersTask(replace(_config(data), alphabet="wide", real_share=1.0))
    assert len(task.labels) == 34
    assert task.sample(1)[0].shape == (48, 48, 3)


def test_an_index_that_lacks_a_column_is_named(tmp_path: Path) -> None:
    """Which file, and what it should begin with."""
    (tmp_path / "glyphs").mkdir()
    (tmp_path / "glyphs" / "index.csv").write_text("file,label\na.png,क\n", encoding="utf-8")
    with pytest.raises(LprError, match=r"index\.csv lacks group, split.*expected file,label,group,split"):
        load_glyphs(tmp_path, "train")
