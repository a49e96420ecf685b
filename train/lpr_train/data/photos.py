"""Real photographs as training scenes of the detector: loading and mirroring."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.data.label_file import TRAINING_SPLIT
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto, load_plates_and_crops
from lpr_edge.contract.data.splits import HoldOut, held_out_groups, vehicle_groups
from lpr_edge.contract.geometry import mirror_quad, quad_size, rectangle, rectify

LONGEST_SIDE = 1280
"""Longer side in pixels to which photographs are reduced: the detector's input is smaller."""


@dataclass(frozen=True)
class Scene:
    """An image with plates, photographed or rendered."""

    image_bgr: Image
    quads: tuple[Quad, ...]
    """Plates to detect, corners clockwise from the plate's own top left."""
    ignored: tuple[Quad, ...] = ()
    """Plates that may or may not be detected."""
    hard_negatives: tuple[Quad, ...] = ()
    """Hard negatives: false positives of the last validation."""
    loose: tuple[Quad, ...] = ()
    """Loose boxes around plates to detect whose exact corners are unknown."""

    @property
    def plates(self) -> tuple[Quad, ...]:
        """All plates, including ignored and loosely labelled ones."""
        return (*self.quads, *self.loose, *self.ignored)

    def with_quads(self, change: Callable[[Quad], Quad]) -> "Scene":
        """The scene with a function applied to all its quads."""
        return Scene(
            self.image_bgr,
            tuple(map(change, self.quads)),
            tuple(map(change, self.ignored)),
            tuple(map(change, self.hard_negatives)),
            tuple(map(change, self.loose)),
        )


@dataclass(frozen=True)
class Photo:
    """A labelled photograph in memory."""

    path: Path
    group: str
    """Photographs of one vehicle share a group."""
    scene: Scene
    """The detector's training scene: every plate, legible or not."""
    labels: tuple[PlateLabel, ...]
    """One label for each plate, in pixels of the reduced image, legible or not."""
    source: str = ""
    """The photograph's source, as the data set names it."""
    is_crop: bool = False
    """Whether the image is a crop of one plate."""
    is_other: bool = False
    """Whether it comes from the second folder of data, `also`."""

    @property
    def evaluated(self) -> Scene:
        """The scene for evaluation: plates that must be detected, and ignored ones."""
        wanted = tuple(label.quad_xy for label in self.labels if label.is_to_find)
        return Scene(
            self.scene.image_bgr, wanted, tuple(label.quad_xy for label in self.labels if not label.is_to_find)
        )


def load_photos(folder: Path, parts: HoldOut, with_crops: bool = False) -> tuple[list[Photo], list[Photo]]:
    """Load the training split's photographs and split them into training and held-out ones.

    Vehicles stay together over photographs and crops, so runs with and without crops hold out the same vehicles. What a
    vote labelled is never held out: the reader (`with_crops`) trains on it, the detector doesn't, as nobody has looked
    for plates that were missed. A held-out vehicle's votes are left out.

    Args:
        folder: holds plates, crops, or both.
        parts: which part is held out.
        with_crops: also load plate crops, which only the reader uses.

    Raises:
        DataError: an image or a label is missing or broken; `lpr-train check` lists them all.
    """
    photos = load_plates_and_crops(folder, TRAINING_SPLIT)
    groups = vehicle_groups([photo.plates for photo in photos])
    kept = held_out_groups(photos, groups, parts)
    loaded = [
        replace(load_photo(photo.path, photo.plates, group), source=photo.source, is_crop=photo.is_crop)
        for photo, group in zip(photos, groups, strict=True)
        if (with_crops or not photo.is_crop) and _is_usable(photo, with_crops, group in kept)
    ]
    return [photo for photo in loaded if photo.group not in kept], [photo for photo in loaded if photo.group in kept]


def _is_usable(photo: PlatePhoto, for_reader: bool, is_held_out: bool) -> bool:
    """Whether a photograph serves as ground truth, or else as a vote's example for the reader."""
    return photo.is_ground_truth or (for_reader and not is_held_out)


def load_photo(path: Path, plates: Sequence[PlateLabel], group: str) -> Photo:
    """Read a photograph, reduced to `LONGEST_SIDE`, with its labels in the reduced pixels."""
    image = read_picture(path)
    scale = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
    if scale < 1.0:
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    labels = tuple(_scaled(plate, scale) for plate in plates)
    quads = tuple(label.quad_xy for label in labels if label.has_corners)
    loose = tuple(label.quad_xy for label in labels if not label.has_corners)
    return Photo(path, group, Scene(image, quads, loose=loose), labels)


def _scaled(plate: PlateLabel, scale: float) -> PlateLabel:
    boxes = plate.character_boxes and tuple(
        tuple((x * scale, y * scale, w * scale, h * scale) for x, y, w, h in row) for row in plate.character_boxes
    )
    return replace(plate, quad_xy=np.asarray(plate.quad_xy * scale, np.float32), character_boxes=boxes)


def chooses_epoch(folds: int, training: Sequence[object], held_out: Sequence[object]) -> bool:
    """Whether validation chooses the best epoch; otherwise the last one is kept.

    In a fold that would make its metrics optimistic. Rendered images choose only for a run without real ones.
    """
    return not folds and bool(held_out or not training)


def mirror(scene: Scene) -> Scene:
    """Mirror a scene left to right, but keep the plates' text readable."""
    width = scene.image_bgr.shape[1]
    image = np.asarray(cv2.flip(scene.image_bgr, 1), np.uint8)
    mirrored = replace(scene.with_quads(lambda quad: mirror_quad(quad, width)), image_bgr=image)
    for old, new in zip(scene.plates, mirrored.plates, strict=True):
        size_hw = (max(8, round(quad_size(old)[1])), max(8, round(quad_size(old)[0])))
        lay_over(image, rectify(scene.image_bgr, old, size_hw), new)
    return mirrored


def lay_over(image: Image, plate: Image, quad: Quad) -> None:
    """Warp a rectified plate image (h, w, 3) onto four corners of `image` (H, W, 3), in place."""
    low = np.floor(quad.min(axis=0)).astype(int).clip(0)
    high = np.ceil(quad.max(axis=0)).astype(int).clip(0, (image.shape[1] - 1, image.shape[0] - 1)) + 1
    if (low >= high).any():
        return
    transform = cv2.getPerspectiveTransform(
        rectangle((plate.shape[0], plate.shape[1])), np.asarray(quad - low, np.float32)
    )
    window = image[low[1] : high[1], low[0] : high[0]].copy()
    cv2.warpPerspective(plate, transform, window.shape[1::-1], dst=window, borderMode=cv2.BORDER_TRANSPARENT)
    image[low[1] : high[1], low[0] : high[0]] = window
