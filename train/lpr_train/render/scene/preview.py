"""Contact sheets of rendered training images, to check them before a run."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.character_files import load_characters
from lpr_edge.contract.data.datasets import find_dataset
from lpr_edge.contract.geometry import rectangle, rectify
from lpr_train.render.draw.degrade import degrade
from lpr_train.render.draw.photograph import photograph
from lpr_train.render.draw.warp import homography, move_boxes
from lpr_train.render.plate.characters import CharacterRenderer
from lpr_train.render.plate.cutouts import load_cutouts
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.plates import PlateRenderer
from lpr_train.render.scene.scenes import SceneRenderer

KINDS = ("plates", "characters", "scenes")
SHEET_WIDTH = 1600
GAP = 4
"""Pixels between pictures."""
MARK = (0.0, 220.0, 0.0)
"""Colour of boxes and corners that are drawn into pictures."""
CLUTTER_EVERY = 13
"""Among characters, each picture of this number is one that holds none."""

Draw = Callable[[np.random.Generator], Image]


def contact_sheet(kind: str, country: Country, seed: int, count: int, data_dir: Path | None = None) -> Image:
    """Render a sheet of examples.

    Args:
        kind: `plates` (as a reader gets them, every fourth with its boxes), `characters` or `scenes` (with corners).
        country: what to render.
        seed: the same seed gives the same sheet.
        count: how many pictures.
        data_dir: a folder with the single-character data set, to mix in its training pictures' shapes.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        LprError: the kind is unknown, the count isn't positive, or a font is missing.
    """
    if kind not in KINDS:
        raise LprError(f"no contact sheet of {kind!r}: choose from {', '.join(KINDS)}")
    if count < 1:
        raise LprError(f"a contact sheet needs at least 1 picture, and {count} were asked for")
    draw = {"plates": _plates, "characters": _characters, "scenes": _scenes}[kind](
        country, glyph_book(country, data_dir)
    )
    rng = np.random.default_rng(seed)
    return tile([draw(rng) for _ in range(count)], {"plates": 110, "characters": 70, "scenes": 240}[kind])


def glyph_book(country: Country, data_dir: Path | None = None) -> GlyphBook:
    """A country's shapes, including cut-outs of training images if a data folder is given.

    Raises:
        DataError: the folder holds no single-character data set.
        LprError: a font's package isn't installed.
    """
    if data_dir is None:
        return GlyphBook(country)
    return GlyphBook(country, load_cutouts(load_characters(find_dataset(data_dir, "characters"), "train", country)))


def tile(pictures: list[Image], height: int) -> Image:
    """Arrange images in rows of one height, at most SHEET_WIDTH wide."""
    rows: list[list[Image]] = [[]]
    used = 0
    for picture in pictures:
        width = min(SHEET_WIDTH, max(1, round(picture.shape[1] * height / picture.shape[0])))
        if used + width > SHEET_WIDTH and rows[-1]:
            rows.append([])
            used = 0
        rows[-1].append(np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8))
        used += width + GAP
    return np.vstack([_row(row, height) for row in rows])


def _row(pictures: list[Image], height: int) -> Image:
    row = np.zeros((height + GAP, SHEET_WIDTH, 3), np.uint8)
    x = 0
    for picture in pictures:
        row[:height, x : x + picture.shape[1]] = picture
        x += picture.shape[1] + GAP
    return row


def _plates(country: Country, glyphs: GlyphBook) -> Draw:
    renderer = PlateRenderer(country, glyphs)
    drawn = iter(range(1 << 30))

    def draw(rng: np.random.Generator) -> Image:
        plate = renderer.render(rng)
        plate_hw = plate.image_bgr.shape[0], plate.image_bgr.shape[1]
        size_hw = 96, round(96 * plate_hw[1] / plate_hw[0])
        image, quad = photograph(plate.image_bgr, rng)
        shown = rectify(degrade(image, rng, rng.uniform(0.2, 1)), quad, size_hw)
        if next(drawn) % 4 == 0:
            boxes = np.array([[box.x, box.y, box.w, box.h] for box in plate.boxes], np.float32)
            for x, y, w, h in move_boxes(boxes, homography(rectangle(plate_hw), rectangle(size_hw))):
                cv2.rectangle(shown, (int(x), int(y)), (int(x + w), int(y + h)), MARK, 1)
        return shown

    return draw


def _characters(country: Country, glyphs: GlyphBook) -> Draw:
    renderer = CharacterRenderer(country, glyphs)
    labels = tuple(country.characters.values()) or country.labels
    drawn = iter(range(1 << 30))

    def draw(rng: np.random.Generator) -> Image:
        number = next(drawn)
        if number % CLUTTER_EVERY == CLUTTER_EVERY - 1:
            return renderer.clutter(rng)
        return renderer.render(labels[number % len(labels)], rng)

    return draw


def _scenes(country: Country, glyphs: GlyphBook) -> Draw:
    renderer = SceneRenderer(country, PlateRenderer(country, glyphs))

    def draw(rng: np.random.Generator) -> Image:
        scene = renderer.render(rng, (480, 640))
        for plate in scene.plates:
            cv2.polylines(scene.image_bgr, [np.round(plate.quad_xy).astype(np.int32)], True, MARK, 2)
            top_left = round(float(plate.quad_xy[0, 0])), round(float(plate.quad_xy[0, 1]))
            cv2.circle(scene.image_bgr, top_left, 4, MARK, -1)
        return scene.image_bgr

    return draw
