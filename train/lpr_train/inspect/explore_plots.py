"""Plots of a folder of single characters: bar chart, samples, sizes, duplicates."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.pictures import read_picture
from lpr_train.base.findings import CheckedImage
from lpr_train.report.plots import GREEN, INK, RED, grid, save_picture, write_label

BAR, LONGEST_BAR = 44, 640
"""Height of a bar's row, and length of the longest bar, in pixels."""
LEFT = 90
"""Space for the label left of a bar, in pixels."""
SAMPLES = 14
"""Images of each class on the sheet."""
TILE = 64
MAX_GROUPS = 60
"""Maximum number of duplicate groups that are drawn."""


def plot_counts(counts: Mapping[str, int], rare: Sequence[str], path: Path) -> None:
    """Draw a bar chart of the class counts; `rare` labels in red."""
    page = np.full(((len(counts) + 1) * BAR, LEFT + LONGEST_BAR + 340, 3), 255, np.uint8)
    unit = LONGEST_BAR / max(1, *counts.values())
    for row, (label, count) in enumerate(counts.items()):
        top, colour = row * BAR + 8, RED if label in rare else GREEN
        end = LEFT + round(count * unit)
        cv2.rectangle(page, (LEFT, top), (end, top + BAR - 16), colour, -1)
        page = write_label(page, label, (LEFT - 60, top - 2), INK, 24)
        note = f"{count}  under-represented" if label in rare else str(count)
        page = write_label(page, note, (end + 12, top), colour, 20)
    save_picture(write_label(page, "pictures of each class", (LEFT, len(counts) * BAR + 6), INK, 20), path)


def plot_samples(by_label: Mapping[str, Sequence[Path]], path: Path) -> None:
    """Draw a row for each class: its label, and images from all over its folder, with their aspect ratio."""
    rows = [
        [_title(label), *(picture_tile(read_picture(paths[i])) for i in spread(len(paths), SAMPLES))]
        for label, paths in by_label.items()
    ]
    blank = np.full((TILE + 4, TILE + 4, 3), 255, np.uint8)
    tiles = [tile for row in rows for tile in [*row, *[blank] * (SAMPLES + 1 - len(row))]]
    save_picture(grid(tiles, SAMPLES + 1), path)


def spread(count: int, most: int) -> list[int]:
    """At most `most` evenly spaced indices below `count`: neighbouring files are often the same plate."""
    return sorted({int(place) for place in np.linspace(0, count - 1, min(count, most))}) if count else []


def _title(text: str) -> Image:
    return write_label(np.full((TILE + 4, TILE + 4, 3), 255, np.uint8), text, (8, 12), INK, 32)


def picture_tile(picture_bgr: Image) -> Image:
    """Fit an image into a white tile, with its aspect ratio."""
    tile = np.full((TILE + 4, TILE + 4, 3), 255, np.uint8)
    scale = TILE / max(picture_bgr.shape[:2])
    size = max(1, round(picture_bgr.shape[1] * scale)), max(1, round(picture_bgr.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    shown = np.asarray(cv2.resize(picture_bgr, size, interpolation=method), np.uint8)
    top, left = (TILE + 4 - shown.shape[0]) // 2, (TILE + 4 - shown.shape[1]) // 2
    tile[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    return tile


def plot_sizes(paths: Sequence[Path], path: Path) -> None:
    """Plot the widths and heights of all images, and a histogram of the heights, on logarithmic axes."""
    from matplotlib.figure import Figure

    sizes = np.array([read_picture(each).shape[:2] for each in paths])
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    middle = f"{int(np.median(sizes[:, 1]))}×{int(np.median(sizes[:, 0]))}"
    cloud = figure.add_subplot(
        1, 2, 1, title=f"sizes, median {middle}", xlabel="width, pixels", ylabel="height, pixels"
    )
    cloud.scatter(sizes[:, 1], sizes[:, 0], s=6, alpha=0.4)
    cloud.set(xscale="log", yscale="log")
    bars = figure.add_subplot(1, 2, 2, title="heights", xlabel="height, pixels", ylabel="pictures")
    low, high = max(1, sizes[:, 0].min()), sizes[:, 0].max()
    bars.hist(sizes[:, 0], bins=np.geomspace(low, high + 1, 40).tolist())
    bars.set(xscale="log")
    figure.savefig(path)


def plot_duplicates(groups: Sequence[Sequence[CheckedImage]], labels: Mapping[str, str], path: Path) -> None:
    """Draw an image of each group of duplicates with classes and count; red across splits or classes."""
    save_picture(grid([_duplicate_tile(group, labels) for group in groups[:MAX_GROUPS]], 10), path)


def _duplicate_tile(group: Sequence[CheckedImage], labels: Mapping[str, str]) -> Image:
    shown = picture_tile(read_picture(group[0].path))
    tile = np.vstack([shown, np.full((26, shown.shape[1], 3), 255, np.uint8)])
    names = "/".join(dict.fromkeys(labels[picture.label] for picture in group))
    is_crossing = len({(picture.split, picture.label) for picture in group}) > 1
    return write_label(tile, f"{names} ×{len(group)}", (6, TILE + 4), RED if is_crossing else INK, 16)
