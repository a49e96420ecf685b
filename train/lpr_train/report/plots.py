"""Plots of a training run: learning curves, confusion matrix, predictions; with correctly shaped Devanagari."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Image
from lpr_train.render.plate.faces import load_font
from lpr_train.render.plate.style import Face

INK, RED, GREEN = (40, 40, 40), (30, 30, 200), (60, 130, 20)
"""BGR."""
LABEL_FACE = Face("Noto Sans Devanagari", 600)
CELL = 44
"""Side of a confusion matrix's cell in pixels."""
TILE = 72
"""Side of an image in a grid in pixels."""


def write_label(image_bgr: Image, text: str, xy: tuple[int, int], colour_bgr: Sequence[int], size: int = 18) -> Image:
    """Draw a line of text in any script of the font; OpenCV's putText knows only Latin letters.

    Args:
        image_bgr: (H, W, 3) uint8; not changed.
        text: shaped by Raqm, so that Devanagari vowel signs and conjuncts are placed correctly.
        xy: top left corner of the line in pixels.
        colour_bgr: colour of the text.
        size: font size in pixels.

    Returns:
        A copy of the image with the text.
    """
    from PIL import Image as PillowImage
    from PIL import ImageDraw

    canvas = PillowImage.fromarray(np.ascontiguousarray(image_bgr[..., ::-1]))
    blue, green, red = colour_bgr
    ImageDraw.Draw(canvas).text(xy, text, (red, green, blue), _font(size))
    return np.ascontiguousarray(np.asarray(canvas)[..., ::-1])


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    return load_font(LABEL_FACE).font_variant(size=size)


def plot_curves(history: Sequence[dict[str, float]], path: Path) -> None:
    """Plot losses, accuracies and other figures over the epochs, one panel for each kind."""
    from matplotlib.figure import Figure

    panels = _panels(history)
    figure = Figure(figsize=(5.5 * len(panels), 4), layout="constrained")
    for place, (title, keys) in enumerate(panels.items(), 1):
        panel = figure.add_subplot(1, len(panels), place, title=title, xlabel="epoch")
        for key in keys:
            rows = [row for row in history if key in row]
            panel.plot([row["epoch"] for row in rows], [row[key] for row in rows], label=key.replace("_", " "))
        panel.locator_params(axis="x", integer=True)
        panel.grid(alpha=0.3)
        if keys:
            panel.legend()
    figure.savefig(path)


def _panels(history: Sequence[dict[str, float]]) -> dict[str, list[str]]:
    """Panel title -> columns of the history; the loss panel always exists."""
    columns = dict.fromkeys(key for row in history for key in row if key not in ("epoch", "learning_rate", "seconds"))
    panels: dict[str, list[str]] = {"loss": []}
    for key in columns:
        title = next((name for name in ("loss", "accuracy") if key.endswith(name)), "validation")
        panels.setdefault(title, []).append(key)
    return panels


def confusion(ground_truth: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> AnyArray:
    """Count how often each label was predicted as each other one.

    Returns:
        (L, L) int64: rows are true labels, columns predicted ones.
    """
    place = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(counts, ([place[label] for label in ground_truth], [place[label] for label in predicted]), 1)
    return counts


def plot_confusion(counts: AnyArray, labels: Sequence[str], path: Path) -> None:
    """Plot a confusion matrix: rows are true labels, columns predicted ones; mistakes are red."""
    side = (len(labels) + 1) * CELL
    picture = np.full((side, side, 3), 255, np.uint8)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    for row, true_label in enumerate(labels):
        for column in range(len(labels)):
            _shade(picture, row, column, float(shares[row, column]))
        picture = _write_cell(picture, true_label, row, -1, INK)
        picture = _write_cell(picture, true_label, -1, row, INK)
    for row, column in np.argwhere(counts):
        colour = INK if row == column else RED
        picture = _write_cell(picture, str(counts[row, column]), int(row), int(column), colour)
    save_picture(picture, path)


def _shade(picture: Image, row: int, column: int, fraction: float) -> None:
    """Green on the diagonal, red elsewhere; a single mistake must already be visible."""
    hue = np.array(GREEN if row == column else RED, np.float32)
    depth = 0.55 * fraction if row == column else min(1.0, fraction * 6) * 0.6
    top, left = (row + 1) * CELL, (column + 1) * CELL
    picture[top : top + CELL - 1, left : left + CELL - 1] = 248 * (1 - depth) + hue * depth


def _write_cell(picture: Image, text: str, row: int, column: int, colour: Sequence[int]) -> Image:
    return write_label(picture, text, ((column + 1) * CELL + 8, (row + 1) * CELL + 8), colour, 20)


def plot_predictions(
    pictures_rgb: Sequence[Image],
    ground_truth: Sequence[str],
    predicted: Sequence[str],
    scores: Sequence[float],
    path: Path,
) -> None:
    """Draw a grid of images with prediction and score; mistakes in red, as `true > predicted`."""
    tiles = [_tile(*each) for each in zip(pictures_rgb, ground_truth, predicted, scores, strict=True)]
    save_picture(grid(tiles, 12), path)


def _tile(picture_rgb: Image, true_label: str, label: str, score: float) -> Image:
    tile = np.full((TILE + 30, TILE + 6, 3), 255, np.uint8)
    shown = cv2.resize(picture_rgb, (TILE, TILE), interpolation=cv2.INTER_CUBIC)
    tile[3 : TILE + 3, 3 : TILE + 3] = np.asarray(shown)[..., ::-1]
    if label == true_label:
        return write_label(tile, f"{label}  {score:.2f}", (4, TILE + 4), GREEN, 16)
    return write_label(tile, f"{true_label} > {label} {score:.2f}", (2, TILE + 4), RED, 14)


def grid(tiles: Sequence[Image], columns: int) -> Image:
    """Arrange (h, w, 3) tiles row by row on white; (24, 24, 3) white pixels if there are none."""
    if not tiles:
        return np.full((24, 24, 3), 255, np.uint8)
    blank = np.full_like(tiles[0], 255)
    padded = [*tiles, *[blank] * (-len(tiles) % columns)]
    rows = [np.hstack(padded[start : start + columns]) for start in range(0, len(padded), columns)]
    return np.vstack(rows)


def save_picture(picture: Image, path: Path) -> None:
    """Write an image in the format of the file name's extension.

    Raises:
        OSError: it can't be written.
    """
    if not cv2.imwrite(str(path), picture):
        raise OSError(f"{path} can't be written")
