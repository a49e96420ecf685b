from pathlib import Path

import numpy as np
import pytest

from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.countries import load_country
from lpr_train.report.character_plots import plot_answers, worst_mistakes
from lpr_train.report.plots import _panels, confusion, grid, plot_confusion, plot_curves, plot_predictions, write_label

LABELS = load_country("nepal").labels
PAPER = np.full((40, 120, 3), 255, np.uint8)


def test_every_label_is_really_drawn() -> None:
    """No label of Nepal is drawn as the empty box of a missing glyph, and no two look alike."""
    box = write_label(PAPER, "\U0010fffd", (4, 4), (0, 0, 0))
    drawn = {label: write_label(PAPER, label, (4, 4), (0, 0, 0)) for label in LABELS}
    assert [label for label, picture in drawn.items() if np.array_equal(picture, box)] == []
    assert len({picture.tobytes() for picture in drawn.values()}) == len(LABELS)


def test_a_label_s_signs_are_shaped() -> None:
    """A matra that is written behind its letter is painted below it: the shaped word is narrower than its parts."""
    widths = []
    for text in ("लु", "ल\u200cउ"):
        columns = np.flatnonzero((write_label(PAPER, text, (4, 4), (0, 0, 0)) < 128).any(axis=(0, 2)))
        widths.append(columns.max() - columns.min())
    assert widths[0] < 0.75 * widths[1]


def test_writing_leaves_the_picture_as_it_was() -> None:
    """The text is in the picture that is returned, in the colour that was asked for."""
    paper = PAPER.copy()
    written = write_label(paper, "प", (4, 4), (0, 0, 255), 24)
    assert (paper == 255).all()
    darkest = written.reshape(-1, 3)[written.reshape(-1, 3).sum(axis=1).argmin()]
    assert darkest.tolist() == pytest.approx([0, 0, 255], abs=8)


def test_confusion_counts_pairs() -> None:
    """Rows are true labels, columns what was found."""
    counts = confusion(["०", "०", "१", "बा"], ["०", "१", "१", "०"], ["०", "१", "बा"])
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_mistakes_are_red(tmp_path: Path) -> None:
    """In the matrix a single mistake among a hundred is tinted; right answers are green."""
    plot_confusion(np.array([[99, 1], [0, 100]]), ["०", "१"], tmp_path / "confusion.png")
    picture = read_picture(tmp_path / "confusion.png").astype(int)
    blue, green, red = picture[44 + 3, 88 + 3]
    assert red > green + 5
    blue, green, red = picture[44 + 3, 44 + 3]
    assert green > red
    assert green > blue


def test_predictions_are_one_tile_each(tmp_path: Path) -> None:
    """Right ones and mistakes, in rows of twelve."""
    pictures = [np.zeros((48, 48, 3), np.uint8)] * 13
    plot_predictions(pictures, ["०"] * 13, ["०"] * 12 + ["बा"], [0.5] * 13, tmp_path / "predictions.png")
    height, width = read_picture(tmp_path / "predictions.png").shape[:2]
    assert (width % 12, height % 2) == (0, 0)
    assert width / 12 < 2 * height / 2


def test_a_grid_of_nothing_is_white() -> None:
    """A run without a picture to show still draws a file."""
    assert (grid([], 4) == 255).all()


def test_each_kind_of_figure_has_its_panel(tmp_path: Path) -> None:
    """Losses, accuracies and what else there is stand apart, so a loss of 2 doesn't flatten an accuracy."""
    row = {"epoch": 1.0, "loss": 2.0, "judged_loss": 1.0, "train_accuracy": 0.5, "score": 0.4, "seconds": 3.0}
    assert _panels([row]) == {"loss": ["loss", "judged_loss"], "accuracy": ["train_accuracy"], "validation": ["score"]}
    assert _panels([]) == {"loss": []}


def test_the_worst_mistake_comes_first() -> None:
    """By the true label's loss, right answers left out."""
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.99, 0.01], [0.2, 0.8]], np.float32)
    assert worst_mistakes(["०", "१", "१", "१"], scores, ["०", "१"]).tolist() == [2, 1]


def test_answers_are_drawn(tmp_path: Path) -> None:
    """Confusion, a grid of examples and the mistakes, also where there is none."""
    pictures = np.zeros((3, 48, 48, 3), np.uint8)
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], np.float32)
    plot_answers(pictures, ["०", "१", "१"], scores, ["०", "१"], tmp_path, seed=1)
    right = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    assert read_picture(tmp_path / "mistakes.png").shape[1] > 500
    plot_answers(pictures[:2], ["०", "१"], right, ["०", "१"], tmp_path, seed=1)
    assert (read_picture(tmp_path / "mistakes.png") == 255).all()
    assert {path.name for path in tmp_path.iterdir()} == {"confusion.png", "predictions.png", "mistakes.png"}


def test_curves_survive_missing_figures(tmp_path: Path) -> None:
    """Epochs without a validation, and a history of none, are drawn too."""
    plot_curves([{"epoch": 1.0, "loss": 2.0}, {"epoch": 2.0, "loss": 1.0, "score": 0.5}], tmp_path / "curves.png")
    assert read_picture(tmp_path / "curves.png").std() > 5
    plot_curves([], tmp_path / "none.png")
    assert (tmp_path / "none.png").exists()
