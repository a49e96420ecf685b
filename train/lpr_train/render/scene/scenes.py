"""Street scenes: surfaces, vehicles, boards, and plates of every size and rotation, with light and camera effects."""

from dataclasses import dataclass

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.country import Country
from lpr_edge.contract.geometry import is_convex, rectangle, signed_area
from lpr_train.render.draw.chance import pick
from lpr_train.render.draw.degrade import degrade_scene
from lpr_train.render.draw.sketch import Sketch, Slot, paste
from lpr_train.render.draw.textures import backdrop
from lpr_train.render.plate.plates import PlateRenderer, RenderedPlate
from lpr_train.render.plate.style import style_of
from lpr_train.render.scene import distractors
from lpr_train.render.scene.vehicles import VEHICLES

SEEN_ENOUGH = 0.6
"""A plate of which less lies within the picture isn't labelled."""
MIN_SIDE, MAX_SIDE = 0.03, 0.6
"""Widths of plates relative to the picture's longer side."""
STEEPEST = 30
"""Degrees by which a plate leans at most, in addition to whole quarter turns of the picture."""


@dataclass(frozen=True)
class ScenePlate:
    """A plate in a scene."""

    quad_xy: Quad
    """(4, 2) corners, clockwise from the plate's own top left; some may lie outside the picture."""
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class RenderedScene:
    """An image, and the plates that a detector should find in it."""

    image_bgr: Image
    plates: tuple[ScenePlate, ...]


class SceneRenderer:
    """Renders street scenes with a country's plates.

    Args:
        country: its labels become the words on boards.
        plates: draws the plates.
        strength: of what light and cameras do, 0..1.
    """

    def __init__(self, country: Country, plates: PlateRenderer | None = None, strength: float = 0.6) -> None:
        self.plates = plates or PlateRenderer(country)
        self.strength = strength
        self._words = distractors.WordBank(country)
        self._hard_negatives = style_of(country).hard_negatives

    def render(self, rng: np.random.Generator, size_hw: tuple[int, int]) -> RenderedScene:
        """Render a scene with none to three plates, sometimes rotated by 90 or 180 degrees."""
        turn = pick(rng, range(4), [0.8, 0.08, 0.04, 0.08])
        upright_hw = size_hw if turn % 2 == 0 else size_hw[::-1]
        canvas, plates = self._compose(rng, upright_hw)
        image = degrade_scene(canvas, rng, self.strength)
        turned = np.ascontiguousarray(np.rot90(image, turn))
        return RenderedScene(turned, tuple(_turned(plate, upright_hw, turn) for plate in plates))

    def _compose(self, rng: np.random.Generator, size_hw: tuple[int, int]) -> tuple[Image, list[ScenePlate]]:
        canvas = np.ascontiguousarray(backdrop(rng, size_hw))
        self._clutter(canvas, rng)
        place = pick(rng, [self._street, self._close_up, self._loose, self._empty], [0.5, 0.26, 0.16, 0.08])
        slots = place(canvas, rng)
        plates: list[ScenePlate] = []
        for free in slots:
            plate = self._mount(canvas, free, [known.quad_xy for known in plates], rng)
            plates.extend([plate] if plate else [])
        if rng.random() < 0.12:
            distractors.caption(canvas, self._words, rng)
        seen = [plate for plate in plates if share_seen(plate.quad_xy, size_hw) >= SEEN_ENOUGH]
        return canvas, seen

    def _clutter(self, canvas: Image, rng: np.random.Generator) -> None:
        for _ in range(int(rng.integers(0, 4))):
            distractors.shape(canvas, rng)
        for _ in range(pick(rng, range(4), [0.45, 0.25, 0.2, 0.1])):
            distractors.board(canvas, self._words, rng)
        for _ in range(pick(rng, range(3), [0.65, 0.25, 0.1])):
            distractors.plain_box(canvas, self._hard_negatives, rng)

    def _street(self, canvas: Image, rng: np.random.Generator) -> list[Slot]:
        """Draw one to three vehicles side by side, farther ones first."""
        count = pick(rng, [1, 2, 3], [0.55, 0.3, 0.15])
        lanes = rng.permutation(count)
        sizes = np.sort(np.exp(rng.uniform(np.log(0.25), np.log(1.3), count)))
        slots: list[Slot] = []
        for lane, size in zip(lanes, sizes, strict=True):
            middle = (lane + rng.uniform(0.3, 0.7)) / count
            slots += self._vehicle(canvas, (middle, rng.uniform(0.55, 1.15)), float(size), rng)
        return slots if rng.random() < 0.93 else []

    def _close_up(self, canvas: Image, rng: np.random.Generator) -> list[Slot]:
        """Draw one vehicle that is larger than the image."""
        size = float(np.exp(rng.uniform(np.log(1.2), np.log(2.6))))
        foot = 0.5 + size * rng.uniform(0.3, 0.6)
        return self._vehicle(canvas, (rng.uniform(0.3, 0.7), foot), size, rng)

    def _loose(self, canvas: Image, rng: np.random.Generator) -> list[Slot]:
        """Draw plates anywhere, without vehicles."""
        height, width = canvas.shape[:2]
        count = pick(rng, [1, 2, 3], [0.5, 0.3, 0.2])
        widths = max(height, width) * np.exp(rng.uniform(np.log(MIN_SIDE), np.log(MAX_SIDE), count))
        places = rng.uniform(0.02, 0.98, (count, 2)) * (width, height)
        return [
            Slot((float(x), float(y)), float(wide), float(wide), float(rng.normal(0, 8)))
            for (x, y), wide in zip(places, widths, strict=True)
        ]

    def _empty(self, canvas: Image, rng: np.random.Generator) -> list[Slot]:
        """Draw a scene without plates: boards, and vehicles without plates."""
        for _ in range(int(rng.integers(1, 4))):
            distractors.board(canvas, self._words, rng)
        if rng.random() < 0.5:
            self._street(canvas, rng)
        return []

    def _vehicle(self, canvas: Image, foot: tuple[float, float], size: float, rng: np.random.Generator) -> list[Slot]:
        """Draw a vehicle with its bottom centre at `foot` and the height `size`, both in fractions of the image."""
        height, width = canvas.shape[:2]
        draw, aspect, _ = pick(rng, VEHICLES, [share for *_, share in VEHICLES])
        high = height * size
        wide = high * aspect * rng.uniform(0.85, 1.2)
        lean = float(np.clip(rng.normal(0, 7), -STEEPEST, STEEPEST))
        sketch = Sketch(canvas, (foot[0] * width - wide / 2, foot[1] * height - high), (wide, high), lean)
        slots = draw(sketch, rng)
        for _ in range(pick(rng, [0, 1, 3], [0.5, 0.3, 0.2])):
            distractors.slogan(sketch, self._words, rng)
        sketch.shade(rng, rng.uniform(20, 90))
        return slots

    def _mount(self, canvas: Image, place: Slot, taken: list[Quad], rng: np.random.Generator) -> ScenePlate | None:
        """Draw a plate into a slot, in place; None if it would be too small or cover another plate."""
        longest = max(canvas.shape[:2])
        plate = self.plates.render(rng)
        aspect = plate.image_bgr.shape[1] / plate.image_bgr.shape[0]
        width = min(place.width, place.height * aspect * 1.3, MAX_SIDE * longest)
        if width < MIN_SIDE * longest:
            return None
        quad = hang(place, width, width / aspect, rng)
        if any(_overlap(quad, other) for other in taken) or not is_convex(quad):
            return None
        paste(canvas, _lit(plate, rng), plate.alpha, quad)
        return ScenePlate(quad, plate.rows)


def hang(place: Slot, width: float, height: float, rng: np.random.Generator) -> Quad:
    """Corners of a plate in a slot, seen slightly from the side or from above."""
    corners = rectangle((1, 1)) - 0.5
    yaw, pitch = rng.normal(0, 0.07, 2)
    squash = np.array([1 - abs(rng.normal(0, 0.12)), 1 - abs(rng.normal(0, 0.1))])
    depth = 1 + yaw * corners[:, :1] + pitch * corners[:, 1:]
    points = corners * depth * np.clip(squash, 0.6, 1) * (width, height)
    points[:, 1] += rng.normal(0, 0.08) * points[:, 0]
    steps = [rng.normal(0, 3), rng.normal(0, 14)]
    angle = np.deg2rad(np.clip(place.lean + steps[int(rng.random() < 0.2)], -STEEPEST, STEEPEST))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(points @ rotation.T + place.centre, np.float32)


def _lit(plate: RenderedPlate, rng: np.random.Generator) -> Image:
    """Apply the scene's shade or sun and its softness to a plate."""
    gain, offset = np.exp(rng.normal(-0.1, 0.25)), rng.normal(0, 8)
    lit = cv2.convertScaleAbs(plate.image_bgr, alpha=float(gain), beta=float(max(0, offset)))
    return np.asarray(cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.3, 1.6)), np.uint8)


def _overlap(one: Quad, other: Quad) -> bool:
    """Whether the bounding boxes of two quads intersect."""
    low, high = np.maximum(one.min(axis=0), other.min(axis=0)), np.minimum(one.max(axis=0), other.max(axis=0))
    return bool((high > low).all())


def share_seen(quad_xy: Quad, size_hw: tuple[int, int]) -> float:
    """Fraction of a plate (4, 2) that lies within the image, 0..1."""
    shared, _ = cv2.intersectConvexConvex(quad_xy, rectangle(size_hw))
    return float(shared) / max(1e-6, abs(signed_area(quad_xy)))


def _turned(plate: ScenePlate, size_hw: tuple[int, int], turn: int) -> ScenePlate:
    """A plate after rotating its image by `turn` quarters counter-clockwise, as `np.rot90` does."""
    points: Floats = plate.quad_xy
    height, width = size_hw
    for _ in range(turn):
        points = np.stack([points[:, 1], width - points[:, 0]], axis=1)
        height, width = width, height
    return ScenePlate(np.ascontiguousarray(points, np.float32), plate.rows)
