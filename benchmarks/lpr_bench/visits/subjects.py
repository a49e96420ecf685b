"""Material of clips: photographs with one legible plate, and parts of photographs without plates."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto
from lpr_edge.contract.geometry import quad_size

NARROWEST_PX = 60.0
"""Narrower plates of photographs would have to be enlarged too much."""
MIN_ROAD_PX = 160
"""Smaller parts without a plate show too little of a road."""


@dataclass(frozen=True)
class Subject:
    """A photograph with one plate, whose ground truth is known from its labels."""

    path: Path
    source: str
    text: str
    """Rows joined."""
    rows: int
    """How many there are."""
    quad_xy: Quad
    """(4, 2) corners of that plate, in the photograph's pixels."""
    others_xy: tuple[Quad, ...]
    """Corners of all other plates: what is said of them counts neither way."""

    @property
    def width_px(self) -> float:
        """Width of the plate in the photograph, in pixels."""
        return quad_size(self.quad_xy)[0]

    def read_image(self) -> Image:
        """The photograph's pixels, (H, W, 3) uint8, BGR."""
        return read_picture(self.path)


def choose_subjects(
    photos: Sequence[PlatePhoto], kind: str | None, seed: int, limit: int | None = None
) -> list[Subject]:
    """Choose photographs for visits in a random order, one per registration.

    Args:
        photos: labelled.
        kind: script of the plates; None where the country names none.
        seed: of the order.
        limit: how many at most; None for all.
    """
    best: dict[str, Subject] = {}
    for photo in photos:
        subject = _subject_of(photo, kind)
        if subject and (subject.text not in best or subject.width_px > best[subject.text].width_px):
            best[subject.text] = subject
    subjects = [best[text] for text in sorted(best)]
    order = np.random.default_rng(seed).permutation(len(subjects))
    return [subjects[i] for i in order[:limit]]


def _subject_of(photo: PlatePhoto, kind: str | None) -> Subject | None:
    """The photograph with its widest legible plate as the subject; None without one."""
    fit = [index for index, plate in enumerate(photo.plates) if _is_subject(plate, kind)]
    if not fit:
        return None
    chosen = max(fit, key=lambda index: quad_size(photo.plates[index].quad_xy)[0])
    plate = photo.plates[chosen]
    others = tuple(other.quad_xy for index, other in enumerate(photo.plates) if index != chosen)
    return Subject(photo.path, photo.source, "".join(plate.text_rows), len(plate.rows), plate.quad_xy, others)


def _is_subject(plate: PlateLabel, kind: str | None) -> bool:
    readable = plate.legible == "full" and plate.has_corners and kind in (None, plate.kind)
    return readable and quad_size(plate.quad_xy)[0] >= NARROWEST_PX


def cut_roads(photos: Sequence[PlatePhoto], size_hw: tuple[int, int], count: int, seed: int) -> list[Image]:
    """Crop frames without plates: the largest part of a photograph next to, above or below its plates.

    Args:
        photos: labelled; some have no part that is large enough.
        size_hw: height and width of a frame in pixels.
        count: how many frames at most.
        seed: of the choice.

    Returns:
        (*size_hw, 3) uint8, BGR, each.
    """
    roads: list[Image] = []
    for index in np.random.default_rng(seed).permutation(len(photos)):
        if len(roads) == count:
            break
        part = _part_without_plates(read_picture(photos[index].path), [p.quad_xy for p in photos[index].plates])
        if part is not None:
            roads.append(_fill(part, size_hw))
    return roads


def _part_without_plates(image_bgr: Image, quads: Sequence[Quad]) -> Image | None:
    height, width = image_bgr.shape[:2]
    if not quads:
        return image_bgr
    corners = np.concatenate(quads)
    room = 0.1 * float((corners.max(axis=0) - corners.min(axis=0)).max())
    left, top = np.floor(corners.min(axis=0) - room).astype(int).clip(0)
    right, bottom = np.ceil(corners.max(axis=0) + room).astype(int)
    parts = [image_bgr[:, :left], image_bgr[:, right:width], image_bgr[:top], image_bgr[bottom:height]]
    best = max(parts, key=lambda part: part.shape[0] * part.shape[1])
    return best if min(best.shape[:2]) >= MIN_ROAD_PX else None


def _fill(part_bgr: Image, size_hw: tuple[int, int]) -> Image:
    """Scale and crop the centre of an image so that it fills a frame."""
    scale = max(size_hw[0] / part_bgr.shape[0], size_hw[1] / part_bgr.shape[1])
    size_wh = (max(size_hw[1], round(scale * part_bgr.shape[1])), max(size_hw[0], round(scale * part_bgr.shape[0])))
    scaled = cv2.resize(part_bgr, size_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (scaled.shape[0] - size_hw[0]) // 2, (scaled.shape[1] - size_hw[1]) // 2
    return np.ascontiguousarray(scaled[top : top + size_hw[0], left : left + size_hw[1]], np.uint8)
