"""Photographs with errors: ground truth and readings drawn on each, as files or for the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr_bench.accuracy.plates import ReadPlate
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto
from lpr_edge.contract.geometry import grow_quad, is_convex, quad_size, rectify
from lpr_edge.contract.metrics import Matches
from lpr_edge.output.annotate import text_patch

TRUTH_BGR = (80, 200, 60)
FOUND_BGR = (60, 90, 255)
UNREADABLE_BGR = (170, 170, 170)
"""For illegible plates, which count neither as false negative nor as false positive."""
LONGEST_SIDE = 640
"""Longer side of a photograph on the page, in pixels."""
PLATE_WIDTH = 220
"""Width of a plate on the page, in pixels."""
QUALITY = 80
"""JPEG quality."""


class MissFolder:
    """Writes every photograph with an error into a folder."""

    def __init__(self, folder: Path) -> None:
        """Make the folder.

        Raises:
            LprError: it can't be made.
        """
        self.folder = folder
        self.written = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LprError(f"can't make {folder}: {error.strerror or error}. Give another by --misses DIR") from error

    def observe(self, photo: PlatePhoto, frame_bgr: Image, readings: Sequence[ReadPlate], matches: Matches) -> None:
        """Draw a photograph if it has an error.

        Args:
            photo: the photograph.
            frame_bgr: (H, W, 3) uint8, BGR, its pixels.
            readings: of the device.
            matches: pairs of readings and labels.

        Raises:
            LprError: the picture can't be written.
        """
        if not is_wrong(photo.plates, readings, matches):
            return
        path = self.folder / f"{photo.path.stem}.jpg"
        if not cv2.imwrite(str(path), draw_miss(frame_bgr, photo.plates, readings)):
            raise LprError(f"can't write {path}: is the disk full? Give another folder by --misses DIR")
        self.written += 1


def is_wrong(labels: Sequence[PlateLabel], readings: Sequence[ReadPlate], matches: Matches) -> bool:
    """Whether a photograph has a false negative, a misread plate, or a false positive.

    Args:
        labels: of the photograph.
        readings: of the photograph.
        matches: pairs of both.
    """
    missed = any(labels[true].is_to_find for true in matches.missed)
    misread = any(
        labels[true].legible == "full"
        and labels[true].is_to_read
        and readings[index].text != "".join(labels[true].text_rows)
        for index, true in matches.pairs
    )
    return bool(matches.false_positives) or missed or misread


def draw_miss(frame_bgr: Image, labels: Sequence[PlateLabel], readings: Sequence[ReadPlate]) -> Image:
    """Copy a frame (H, W, 3) uint8 BGR; draw ground truth in green, below each plate, and results in red, above.

    Args:
        frame_bgr: (H, W, 3) uint8, BGR; unchanged.
        labels: of the photograph.
        readings: of the photograph.
    """
    picture = frame_bgr.copy()
    height = max(18, picture.shape[0] // 24)
    for label in labels:
        colour = TRUTH_BGR if label.is_to_find else UNREADABLE_BGR
        _draw(picture, label.quad_xy, " ".join(label.text_rows), colour, height, above=False)
    for plate in readings:
        _draw(picture, plate.quad_xy, plate.text or "–", FOUND_BGR, height, above=True)
    return picture


def _draw(picture: Image, quad_xy: Quad, text: str, colour: tuple[int, int, int], height: int, *, above: bool) -> None:
    cv2.polylines(picture, [np.rint(quad_xy).astype(np.int32)], True, colour, max(2, height // 12), cv2.LINE_AA)
    patch = text_patch(text, height, colour)[: picture.shape[0], : picture.shape[1]]
    top = quad_xy[:, 1].min() - height - 4 if above else quad_xy[:, 1].max() + 4
    y = int(np.clip(top, 0, picture.shape[0] - patch.shape[0]))
    x = int(np.clip(quad_xy[:, 0].min(), 0, picture.shape[1] - patch.shape[1]))
    picture[y : y + patch.shape[0], x : x + patch.shape[1]] = patch


MissRow = tuple[str, str, str, bytes | None]
"""An error: its kind, the true text, the read text, and the plate's JPEG."""


@dataclass(frozen=True)
class Miss:
    """A photograph with errors, drawn as JPEG."""

    name: str
    jpeg: bytes
    rows: tuple[MissRow, ...]


class MissGallery:
    """Keeps every photograph with an error, at reduced size."""

    def __init__(self) -> None:
        self.misses: list[Miss] = []

    def observe(self, photo: PlatePhoto, frame_bgr: Image, readings: Sequence[ReadPlate], matches: Matches) -> None:
        """Keep a photograph if it has an error.

        Args:
            photo: the photograph.
            frame_bgr: (H, W, 3) uint8, BGR, its pixels.
            readings: of the device.
            matches: pairs of readings and labels.
        """
        if is_wrong(photo.plates, readings, matches):
            drawn = _shrink(draw_miss(frame_bgr, photo.plates, readings))
            rows = tuple(_wrong_plates(photo, frame_bgr, readings, matches))
            self.misses.append(Miss(photo.path.name, _jpeg(drawn), rows))


def _wrong_plates(
    photo: PlatePhoto, frame_bgr: Image, readings: Sequence[ReadPlate], matches: Matches
) -> list[MissRow]:
    rows: list[MissRow] = []
    for index, true in matches.pairs:
        label, plate = photo.plates[true], readings[index]
        if label.legible == "full" and label.is_to_read and plate.text != "".join(label.text_rows):
            rows.append(
                ("misread", " ".join(label.text_rows), _reading_text(plate), _plate_picture(frame_bgr, plate.quad_xy))
            )
    for true in matches.missed:
        label = photo.plates[true]
        if label.is_to_find:
            what = f"not found ({label.kind}, {quad_size(label.quad_xy)[0]:.0f} px)"
            rows.append((what, " ".join(label.text_rows), "–", _plate_picture(frame_bgr, label.quad_xy)))
    alarms = [readings[index] for index in matches.false_positives]
    return rows + [
        ("no plate", "–", _reading_text(plate), _plate_picture(frame_bgr, plate.quad_xy)) for plate in alarms
    ]


def _reading_text(plate: ReadPlate) -> str:
    """The text of a reading with its confidence."""
    if plate.reading is None or not plate.text:
        return plate.text or "nothing"
    valid = "" if plate.reading.parsed.valid else ", not valid"
    return f"{' '.join(plate.reading.rows)} ({plate.reading.confidence:.0%}{valid})"


def _plate_picture(frame_bgr: Image, quad_xy: Quad) -> bytes | None:
    if not is_convex(quad_xy):
        return None
    width, height = quad_size(quad_xy)
    size_hw = (int(np.clip(PLATE_WIDTH * height / max(width, 1.0), 20, PLATE_WIDTH)), PLATE_WIDTH)
    return _jpeg(rectify(frame_bgr, grow_quad(quad_xy, 0.05), size_hw))


def _shrink(picture: Image) -> Image:
    scale = min(1.0, LONGEST_SIDE / max(picture.shape[:2]))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(picture: Image) -> bytes:
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
