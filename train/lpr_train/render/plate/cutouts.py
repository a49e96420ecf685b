"""Shapes of real characters, from the training images of the single-character data set."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Image
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.data.character_files import CharacterFile
from lpr_train.render.draw.shapes import SHAPE_HEIGHT, Glyph, ShapeSource, tight

MAX_PER_LABEL = 150
SOLID = 0.06
"""How much more of its box a cut-out may fill than the fullest reference."""
MIN_LIKENESS = 0.5
"""Intersection over union with the most similar reference; set by looking at what falls below."""
MINIMUM_HEIGHT = 24
"""Smaller crops give shapes of stairs."""


class CutoutSource:
    """Shapes of real characters.

    Args:
        shapes: label -> its masks.
    """

    weight = 12.0
    variants = MAX_PER_LABEL

    def __init__(self, shapes: dict[str, list[Glyph]]) -> None:
        self.shapes = shapes

    def draws(self, label: str) -> bool:
        """Whether there is a shape of the label."""
        return bool(self.shapes.get(label))

    def glyph(self, label: str, variant: int) -> Glyph:
        """One of the label's shapes."""
        return self.shapes[label][variant % len(self.shapes[label])]


def likely(cutouts: CutoutSource, others: Sequence[ShapeSource]) -> CutoutSource:
    """Remove cut-outs that resemble no other source's shape of their label: blobs, halves, neighbours."""
    kept = {}
    for label, glyphs in cutouts.shapes.items():
        references = _references(label, others)
        kept[label] = [glyph for glyph in glyphs if _is_likely(glyph, references)]
    return CutoutSource(kept)


def _references(label: str, others: Sequence[ShapeSource]) -> AnyArray:
    """Shapes of the label in other sources: (n, pixels) bool."""
    drawn = (s.glyph(label, variant) for s in others if s.draws(label) for variant in range(s.variants))
    return np.array([_coarse(glyph) for glyph in drawn])


def _is_likely(glyph: Glyph, references: AnyArray) -> bool:
    """Whether a shape overlaps well with a reference, and isn't too solid."""
    if not len(references):
        return True
    own = _coarse(glyph)
    likeness = (references & own).sum(axis=1) / (references | own).sum(axis=1)
    return bool(likeness.max() > MIN_LIKENESS and own.mean() < references.mean(axis=1).max() + SOLID)


def _coarse(glyph: Glyph) -> AnyArray:
    return np.asarray(cv2.resize(glyph.mask, (20, 24), interpolation=cv2.INTER_AREA) > 110).ravel()


def load_cutouts(files: Iterable[CharacterFile]) -> CutoutSource:
    """Cut shapes out of images, which must be training images: test images are never used for rendering."""
    shapes: dict[str, list[Glyph]] = {}
    for file in sorted(files, key=lambda file: str(file.path)):
        found = shapes.setdefault(file.label, [])
        if len(found) < MAX_PER_LABEL:
            found.extend(_shapes_in(file.path))
    return CutoutSource(shapes)


def _shapes_in(path: Path) -> list[Glyph]:
    mask = cut_out(read_picture(path))
    return [] if mask is None else [Glyph(mask)]


def cut_out(crop_bgr: Image) -> Image | None:
    """Separate a character's paint from the background by Otsu's threshold.

    Returns:
        (h, w) uint8 mask, SHAPE_HEIGHT high; None where no clear shape stands out.
    """
    if crop_bgr.shape[0] < MINIMUM_HEIGHT:
        return None
    small = cv2.resize(crop_bgr, (96, 96), interpolation=cv2.INTER_AREA)
    grey = _paint_contrast(np.asarray(small, np.uint8))
    level, binary = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    if not _is_clear(grey, level):
        return None
    mask = _central_parts(np.asarray(binary, np.uint8))
    return None if mask is None else _resized(mask, crop_bgr.shape[1] / crop_bgr.shape[0])


def _paint_contrast(picture: Image) -> Image:
    """The channel with the largest contrast, with bright paint: the character covers the smaller part."""
    channel = max(range(3), key=lambda c: float(picture[..., c].std()))
    grey = np.asarray(cv2.GaussianBlur(picture[..., channel], (0, 0), 1.0), np.uint8)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return np.asarray(255 - grey, np.uint8) if np.median(border) > grey[24:72, 24:72].mean() else grey


def _is_clear(grey: Image, level: float) -> bool:
    """Whether both sides of the threshold are well separated, so that the shape isn't noise."""
    above, below = grey[grey > level], grey[grey <= level]
    return bool(above.size and below.size and float(above.mean()) - float(below.mean()) > 55)


def _central_parts(binary: Image) -> Image | None:
    """Keep the large parts away from the border, where neighbours and frames are."""
    count, labelled, stats, centres = cv2.connectedComponentsWithStats(binary)
    keep = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] > 350 and _is_inside(stats[i], centres[i])]
    if not keep:
        return None
    mask = np.where(np.isin(labelled, keep), 255, 0).astype(np.uint8)
    cut = tight(mask)[0]
    is_plausible = 0.18 < cut.mean() / 255 < 0.72 and cut.shape[0] > 50 and cut.shape[1] > 24
    return cut if is_plausible else None


def _is_inside(stat: Image, centre: Image) -> bool:
    x, y, width, height = (int(value) for value in stat[:4])
    touches_sides = int(x <= 0) + int(y <= 0) + int(x + width >= 96) + int(y + height >= 96)
    is_sliver = min(width, height) < 22 and touches_sides > 0
    return touches_sides <= 1 and not is_sliver and 22 < centre[0] < 74 and 22 < centre[1] < 74


def _resized(mask: Image, aspect: float) -> Image:
    width = int(np.clip(SHAPE_HEIGHT * aspect * mask.shape[1] / mask.shape[0], 20, 3 * SHAPE_HEIGHT))
    return np.asarray(cv2.resize(mask, (width, SHAPE_HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)
