"""Real crops of single characters as training samples: loading, splitting, augmentation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.character_files import GLYPHS, CharacterFile, load_characters, load_glyphs
from lpr_edge.contract.geometry import rectangle
from lpr_train.base.findings import Report, open_picture
from lpr_train.render.draw.degrade import degrade
from lpr_train.render.draw.warp import homography, warp_picture

LONGEST_SIDE = 112
"""Longer side in pixels to which crops are reduced: twice a classifier's input, so that warping costs no sharpness."""
CANVAS = 64
"""Side in pixels of an augmented crop; at least that of the classifier's input."""
BLOCKS = 2
"""Number of runs of neighbouring files that are held out of each class."""


@dataclass(frozen=True)
class Crop:
    """A labelled image of one character, in memory."""

    path: Path
    label: str
    image_bgr: Image
    sha256: str
    """SHA-256 of the file."""
    source: str = ""
    """Name of the data set, unless it is the published one."""


def load_crops(
    folder: Path, split: str, country: Country, report: Report | None = None, longest_side: int = LONGEST_SIDE
) -> list[Crop]:
    """Load a split's crops; unreadable and blank images are left out.

    Args:
        folder: the data folder.
        split: `train` or `validation`.
        country: defines the classes.
        report: receives a finding for each image that is left out, and for each empty class.
        longest_side: size in pixels to which larger images are reduced; 0 to keep their size.

    Raises:
        DataError: there is no such data, or no usable image.
    """
    report = Report() if report is None else report
    files = load_characters(folder, split, country, report.error)
    crops = [crop for file in files if (crop := _load(file, report, longest_side)) is not None]
    if not crops and split == "train":
        raise DataError(
            f"no picture of the train split in {folder} can be used: expected some that open and stand in no other "
            f"split. lpr-train check --data {folder} says what is wrong"
        )
    return crops


def load_glyph_crops(folder: Path, split: str, labels: Sequence[str], report: Report) -> list[tuple[str, Crop]]:
    """Load a split of the larger character data set, with those labels only; each crop with its group.

    Unreadable and blank images are left out, with a finding in `report`.
    """
    files = [file for file in load_glyphs(folder, split) if file.label in labels]
    crops = ((file.group, _load(file, report, LONGEST_SIDE)) for file in files)
    return [(group, replace(crop, source=GLYPHS)) for group, crop in crops if crop is not None]


def hold_out_groups(crops: Sequence[tuple[str, Crop]], fraction: float, seed: int) -> tuple[list[Crop], list[Crop]]:
    """Split grouped crops into training and held-out ones: of each label a fraction of its groups.

    Args:
        crops: crops with their groups.
        fraction: approximate fraction of each label's groups to hold out; labels with a single group hold out none.
        seed: random seed of the choice.

    Returns:
        Training crops and held-out crops.
    """
    rng = np.random.default_rng((seed, 9))
    groups: dict[str, list[str]] = {}
    for group, crop in crops:
        own = groups.setdefault(crop.label, [])
        if group not in own:
            own.append(group)
    kept = {name for own in groups.values() for name in rng.permutation(own)[: int(fraction * len(own))]}
    return [crop for group, crop in crops if group not in kept], [crop for group, crop in crops if group in kept]


def _load(file: CharacterFile, report: Report, longest_side: int) -> Crop | None:
    image = open_picture(file.path, report)
    if image is None:
        return None
    scale = longest_side / max(image.shape[:2])
    if 0 < scale < 1:
        size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Crop(file.path, file.label, image, file_sha256(file.path))


def hold_out_runs(crops: Sequence[Crop], fraction: float, seed: int) -> tuple[list[Crop], list[Crop]]:
    """Split crops into training and held-out ones.

    Neighbouring file names are often crops of the same plate, so contiguous runs of names are held out. Duplicates of
    held-out crops are removed from training too.

    Args:
        crops: sorted by name within each label, as they are loaded.
        fraction: approximate fraction of each label's crops to hold out; 0 for none.
        seed: random seed of the choice.

    Returns:
        Training crops and held-out crops.
    """
    rng = np.random.default_rng((seed, 7))
    held = [crop for label in dict.fromkeys(c.label for c in crops) for crop in _runs(crops, label, fraction, rng)]
    seen = {crop.sha256 for crop in held}
    return [crop for crop in crops if crop.sha256 not in seen], held


def _runs(crops: Sequence[Crop], label: str, fraction: float, rng: np.random.Generator) -> list[Crop]:
    """Choose some of the equal runs into which a label's crops are divided."""
    own = [crop for crop in crops if crop.label == label]
    length = round(len(own) * fraction / BLOCKS)
    if length == 0:
        return []
    starts = rng.choice(len(own) // length, min(BLOCKS, len(own) // length), replace=False) * length
    return [own[start + offset] for start in starts for offset in range(length)]


def vary(crop_bgr: Image, others: Sequence[Image], rng: np.random.Generator, strength: float) -> Image:
    """Augment a crop: geometry, colour, neighbours, occlusion and degradation.

    Args:
        crop_bgr: (h, w, 3) uint8, a character of any size.
        others: crops that provide parts of neighbouring characters.
        rng: source of all random choices.
        strength: 0 hardly changes it, 1 is the limit of legibility.

    Returns:
        (CANVAS, CANVAS, 3) uint8.
    """
    if others and rng.random() < 0.35 * strength:
        crop_bgr = beside_neighbour(crop_bgr, others[rng.integers(len(others))], rng)
    if rng.random() < 0.3 * strength:
        crop_bgr = cut_off(crop_bgr, rng)
    moved = move(crop_bgr, rng, strength)
    painted = repaint(moved, rng, strength)
    painted = expose(painted, rng) if rng.random() < 0.4 * strength else painted
    marred = scratch(painted, rng) if rng.random() < 0.2 * strength else painted
    seen: Image = degrade(marred, rng, strength * rng.random())
    return seen


def cut_off(crop_bgr: Image, rng: np.random.Generator) -> Image:
    """Cut off a part of two sides, as inexact cropping does."""
    height, width = crop_bgr.shape[:2]
    top, bottom = np.rint(rng.uniform(0.0, 0.14, 2) * rng.permutation(2) * height).astype(int)
    left, right = np.rint(rng.uniform(0.0, 0.14, 2) * rng.permutation(2) * width).astype(int)
    return np.ascontiguousarray(crop_bgr[top : height - bottom, left : width - right])


def expose(image_bgr: Image, rng: np.random.Generator) -> Image:
    """Change exposure: too dark, low contrast, or overexposed."""
    gain = float(np.exp(rng.uniform(np.log(0.15), np.log(2.2))))
    anchor = float(rng.uniform(0.0, 255.0)) if gain < 1.0 else float(rng.uniform(0.0, 120.0))
    return np.asarray(cv2.convertScaleAbs(image_bgr, alpha=gain, beta=max(0.0, anchor * (1.0 - gain))), np.uint8)


def beside_neighbour(crop_bgr: Image, other_bgr: Image, rng: np.random.Generator) -> Image:
    """Add the near edge of another character along one side, in this crop's colours."""
    is_row_neighbour, is_after = rng.random() < 0.8, rng.random() < 0.5
    # Top and bottom are the left and right of the transposed image.
    crop, other = (crop_bgr, other_bgr) if is_row_neighbour else (crop_bgr.swapaxes(0, 1), other_bgr.swapaxes(0, 1))
    height = crop.shape[0]
    width = max(2, round(other.shape[1] * height / other.shape[0]))
    other = np.asarray(cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    reach = min(width, max(1, round(crop.shape[1] * rng.uniform(0.05, 0.22))))
    edge = _in_colours_of(other[:, :reach] if is_after else other[:, -reach:], crop)
    joined = np.hstack([crop, edge] if is_after else [edge, crop])
    return np.ascontiguousarray(joined if is_row_neighbour else joined.swapaxes(0, 1))


def _in_colours_of(picture: Image, pattern: Image) -> Image:
    """Match the mean and standard deviation of each channel to those of another image."""
    mean, spread = (np.asarray(value).ravel() for value in cv2.meanStdDev(np.ascontiguousarray(picture)))
    wanted_mean, wanted_spread = (np.asarray(value).ravel() for value in cv2.meanStdDev(np.ascontiguousarray(pattern)))
    gain = np.clip(wanted_spread / np.maximum(spread, 4.0), 0.3, 3.0)
    return np.asarray(np.clip((picture - mean) * gain + wanted_mean, 0, 255), np.uint8)


def move(crop_bgr: Image, rng: np.random.Generator, strength: float) -> Image:
    """Warp a crop randomly and resize it to the canvas; edges are repeated."""
    source = rectangle((crop_bgr.shape[0], crop_bgr.shape[1]))
    corners = (rectangle((CANVAS, CANVAS)) - CANVAS / 2) @ _affine(rng, strength).T
    corners += rng.normal(0, 0.035 * strength, 2) * CANVAS + CANVAS / 2
    corners += rng.uniform(-0.06, 0.06, (4, 2)) * strength * CANVAS
    return warp_picture(crop_bgr, homography(source, np.asarray(corners, np.float32)), (CANVAS, CANVAS))


def _affine(rng: np.random.Generator, strength: float) -> Floats:
    """Random (2, 2) matrix of rotation, shear and scale; `strength` 1 gives the largest."""
    angle = np.deg2rad(np.clip(rng.normal(0, 5), -12, 12)) * strength
    shear = np.clip(rng.normal(0, 0.12), -0.25, 0.25) * strength
    scale_x, scale_y = np.exp(np.clip(rng.normal(0.02, 0.1, 2), -0.22, 0.22) * strength)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(rotation @ np.array([[1.0, shear], [0.0, 1.0]]) @ np.diag([scale_x, scale_y]), np.float32)


def repaint(image_bgr: Image, rng: np.random.Generator, strength: float) -> Image:
    """Change the colours: hue, exchanged channels, inverted brightness, or grey."""
    chance = rng.random() / max(strength, 1e-6)
    if chance < 0.2:
        return _turn_hue(image_bgr, int(rng.integers(1, 180)))
    if chance < 0.3:
        return np.ascontiguousarray(image_bgr[..., rng.permutation(3)])
    if chance < 0.42:
        return np.asarray(255 - image_bgr, np.uint8)
    if chance < 0.5:
        return np.asarray(cv2.cvtColor(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
    return image_bgr


def _turn_hue(image_bgr: Image, degrees: int) -> Image:
    """Rotate the hue; OpenCV's range is 0 to 179."""
    hsv = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2HSV), np.uint8)
    hsv[..., 0] = ((hsv[..., 0].astype(np.uint16) + degrees) % 180).astype(np.uint8)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)


def scratch(image_bgr: Image, rng: np.random.Generator) -> Image:
    """Cover a small part with a bolt, scratch or flake in one of the image's own colours."""
    scratched = image_bgr.copy()
    height, width = image_bgr.shape[:2]
    place = int(rng.integers(width)), int(rng.integers(height))
    colour = [int(value) for value in image_bgr[rng.integers(height), rng.integers(width)]]
    if rng.random() < 0.5:
        cv2.circle(scratched, place, int(rng.integers(2, max(3, width // 8))), colour, -1, cv2.LINE_AA)
    else:
        end = int(rng.integers(width)), int(rng.integers(height))
        cv2.line(scratched, place, end, colour, int(rng.integers(1, max(2, width // 16))), cv2.LINE_AA)
    return scratched
