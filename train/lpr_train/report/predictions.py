"""Contact sheets of a network's predictions on held-out images."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.outputs import decode_plates
from lpr_edge.contract.preprocess import InputSpec, prepare
from lpr_train.base.engine import KerasModel
from lpr_train.data.photos import Scene
from lpr_train.loop.inference import predict
from lpr_train.render.plate.faces import load_font
from lpr_train.render.plate.style import Face

TRUE_BGR, FOUND_BGR = (0, 200, 0), (0, 120, 255)


def draw_found_plates(
    model: KerasModel, scenes: Sequence[Scene], spec: InputSpec, threshold: float, path: Path
) -> None:
    """Draw scenes with true plates in green and detections in orange, with a dot at the plate's own top left corner."""
    prepared = [prepare(scene.image_bgr, spec) for scene in scenes]
    heads = predict(model, np.concatenate([p.pixels for p in prepared]), 16)
    tiles = []
    for i, (scene, p) in enumerate(zip(scenes, prepared, strict=True)):
        tile = np.ascontiguousarray(p.pixels[0][..., ::-1])
        for quad in scene.quads:
            cv2.polylines(tile, [np.int32(quad * p.scale_xy)], True, TRUE_BGR, 1)  # type: ignore[list-item]
        boxes = decode_plates(
            {role: h[i] for role, h in heads.items()}, spec.size_hw, {"score": threshold, "overlap": 0.3}
        )
        for box in boxes:
            cv2.polylines(tile, [np.int32(box.quad_xy)], True, FOUND_BGR, 1)  # type: ignore[list-item]
            cv2.circle(tile, tuple(map(int, box.quad_xy[0])), 4, FOUND_BGR, -1)
            place = (int(box.quad_xy[0][0]), int(box.quad_xy[0][1]) - 6)
            cv2.putText(tile, f"{box.score:.2f}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, FOUND_BGR, 1)
        tiles.append(tile)
    cv2.imwrite(str(path), tiled(tiles, 6))


def tiled(tiles: Sequence[Image], columns: int) -> Image:
    """Arrange images of equal size row by row."""
    blank = np.full_like(tiles[0], 255)
    full = [*tiles, *[blank] * (-len(tiles) % columns)]
    rows = [np.hstack(full[start : start + columns]) for start in range(0, len(full), columns)]
    return np.asarray(np.vstack(rows), np.uint8)


def draw_read_plates(
    pictures: Sequence[Image], truths: Sequence[Sequence[Sequence[str]]], read: Sequence[Sequence[str]], path: Path
) -> None:
    """Draw the reader's inputs, each with its ground truth, and in red below it a reading that differs."""
    tiles = []
    for picture, rows, labels in zip(pictures, truths, read, strict=True):
        truth = "".join(label for row in rows for label in row)
        found = "".join(labels)
        tile = np.full((picture.shape[0] + 48, picture.shape[1] + 8, 3), 255, np.uint8)
        tile[4 : 4 + picture.shape[0], 4 : 4 + picture.shape[1]] = picture
        tile = write_label(tile, truth, (6, picture.shape[0] + 6), (0, 0, 0))
        tiles.append(tile if truth == found else write_label(tile, found, (6, picture.shape[0] + 26), (0, 0, 220)))
    cv2.imwrite(str(path), tiled(tiles, 6))


def write_label(image: Image, text: str, place_xy: tuple[int, int], colour_rgb: tuple[int, int, int]) -> Image:
    """Draw a line of text in any of the country's scripts, 16 pixels high; returns a copy."""
    page = PillowImage.fromarray(image)
    font = load_font(Face("Noto Sans Devanagari", 600)).font_variant(size=16)
    ImageDraw.Draw(page).text(place_xy, text, fill=colour_rgb[::-1], font=font)
    return np.asarray(page, np.uint8)
