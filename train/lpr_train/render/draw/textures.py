"""Textures of a street: asphalt, soil, paving, walls, grass, stained plaster."""

from collections.abc import Callable

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Floats, Image
from lpr_train.render.draw.chance import pick
from lpr_train.render.draw.noise import cloud_bytes, grain

Texture = Callable[[np.random.Generator, tuple[int, int]], Image]


def two_tone(
    rng: np.random.Generator, size_hw: tuple[int, int], dark: AnyArray, bright: AnyArray, zoom: float
) -> Image:
    """Fractal noise between two colours (BGR)."""
    clouds = cloud_bytes(rng, size_hw, zoom)
    share = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    table = np.clip(dark + (bright - dark) * share, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(cv2.merge([clouds] * 3), table[:, None, :]), np.uint8)


def _grainy(image: Image, rng: np.random.Generator, amount: float) -> Image:
    return grain(image, rng, amount)


def _colours(rng: np.random.Generator, low: Floats, high: Floats, contrast: float) -> tuple[Floats, Floats]:
    """A dark and a bright shade of a random colour."""
    colour = low + (high - low) * rng.random(3).astype(np.float32)
    return colour * (1 - contrast), colour * (1 + contrast)


def _bgr(blue: float, green: float, red: float) -> Floats:
    return np.array([blue, green, red], np.float32)


def asphalt(rng: np.random.Generator, size_hw: tuple[int, int]) -> Image:
    """A grey road, sometimes with a painted line."""
    grey = rng.uniform(40, 150)
    image = two_tone(rng, size_hw, _bgr(grey, grey, grey) * 0.75, _bgr(grey, grey, grey) * 1.2, rng.uniform(0.3, 4))
    image = _grainy(image, rng, rng.uniform(2, 12))
    if rng.random() < 0.25:
        start, end = (rng.uniform(0, 1, (2, 2)) * size_hw[::-1]).astype(int)
        paint = (rng.uniform(120, 240),) * 3
        cv2.line(image, tuple(map(int, start)), tuple(map(int, end)), paint, max(2, size_hw[1] // 50), cv2.LINE_AA)
    return image


def soil(rng: np.random.Generator, size_hw: tuple[int, int]) -> Image:
    """Sand, earth or gravel."""
    dark, bright = _colours(rng, _bgr(60, 100, 140), _bgr(130, 175, 215), rng.uniform(0.1, 0.35))
    image = two_tone(rng, size_hw, dark, bright, pick(rng, [0.15, 0.4, 1.5]))
    return _grainy(image, rng, rng.uniform(3, 25))


def grass(rng: np.random.Generator, size_hw: tuple[int, int]) -> Image:
    """Grass or leaves."""
    dark, bright = _colours(rng, _bgr(30, 65, 50), _bgr(80, 125, 110), rng.uniform(0.3, 0.7))
    return _grainy(two_tone(rng, size_hw, dark, bright, rng.uniform(0.08, 0.3)), rng, rng.uniform(5, 20))


def plaster(rng: np.random.Generator, size_hw: tuple[int, int]) -> Image:
    """A plastered or painted wall, sometimes with a shutter's stripes."""
    colour = (rng.uniform(80, 225) + rng.normal(0, pick(rng, [6, 18, 35]), 3)).astype(np.float32)
    image = two_tone(rng, size_hw, colour * 0.85, colour * 1.08, rng.uniform(0.5, 4))
    if rng.random() < 0.3:
        step = int(rng.integers(6, 26))
        image[::step] = (image[::step] * rng.uniform(0.5, 0.9)).astype(np.uint8)
    return image


def paving(rng: np.random.Generator, size_hw: tuple[int, int]) -> Image:
    """Paving stones or bricks: a grid with offset rows and dark joints."""
    height, width = size_hw
    dark, bright = _colours(rng, _bgr(70, 75, 90), _bgr(150, 160, 190), 0.15)
    image = _grainy(two_tone(rng, size_hw, dark, bright, rng.uniform(0.15, 0.8)), rng, rng.uniform(2, 10))
    stone = int(rng.integers(14, 70))
    long = int(stone * rng.uniform(1, 2.4))
    joint = tuple(float(v) for v in dark * 0.6)
    thickness = max(1, stone // 16)
    for row, y in enumerate(range(0, height, stone)):
        cv2.line(image, (0, y), (width, y), joint, thickness)
        for x in range((row % 2) * long // 2, width, long):
            cv2.line(image, (x, y), (x, y + stone), joint, thickness)
    return image


def facade(rng: np.random.Generator, size_hw: tuple[int, int]) -> Image:
    """House fronts and sky: coloured blocks with windows."""
    height, width = size_hw
    image = two_tone(rng, size_hw, rng.uniform(120, 200, 3), rng.uniform(170, 250, 3), 4)
    x = 0
    while x < width:
        wide = int(width * rng.uniform(0.12, 0.5))
        top = int(height * rng.uniform(0, 0.6))
        colour = rng.uniform(60, 220) + rng.normal(0, pick(rng, [8, 20, 45]), 3)
        cv2.rectangle(image, (x, top), (x + wide, height), tuple(map(float, colour)), -1)
        _windows(image, (x, top, wide, height - top), tuple(map(float, colour * rng.uniform(0.3, 0.7))), rng)
        x += wide
    return _grainy(image, rng, rng.uniform(1, 8))


def _windows(image: Image, box: tuple[int, int, int, int], colour: tuple[float, ...], rng: np.random.Generator) -> None:
    x, y, wide, high = box
    columns, rows = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    for column in range(columns):
        for row in range(rows):
            left, top = x + wide * (column + 0.25) / columns, y + high * (row + 0.25) / rows
            corner = int(left + wide * 0.5 / columns), int(top + high * 0.5 / rows)
            cv2.rectangle(image, (int(left), int(top)), corner, colour, -1)


def rubble(rng: np.random.Generator, size_hw: tuple[int, int]) -> Image:
    """Stones and rubbish: many small flat shapes with a bright and a dark side."""
    height, width = size_hw
    image = soil(rng, size_hw)
    for _ in range(int(rng.integers(30, 140))):
        centre = rng.random(2) * (width, height)
        reach = height * 0.015 * float(np.exp(rng.normal(0, 0.7)))
        corners = np.round(centre + rng.normal(0, 1, (5, 2)) * (reach * 1.4, reach)).astype(np.int32)
        tone = np.clip(rng.uniform(50, 210) + rng.normal(0, 10, 3), 0, 255)
        hull = cv2.convexHull(corners)
        cv2.fillPoly(image, [hull + np.array([0, max(1, int(reach * 0.4))])], tuple(map(float, tone * 0.4)))
        cv2.fillPoly(image, [hull], tuple(map(float, tone)), cv2.LINE_AA)
    return image


def foliage(rng: np.random.Generator, size_hw: tuple[int, int]) -> Image:
    """Bushes and trees: overlapping leaves."""
    height, width = size_hw
    image = grass(rng, size_hw)
    hue = np.array([rng.uniform(20, 70), rng.uniform(70, 130), rng.uniform(40, 110)])
    for _ in range(int(rng.integers(60, 200))):
        centre = int(rng.random() * width), int(rng.random() * height)
        axes = max(1, int(rng.exponential(height * 0.03))), max(1, int(rng.exponential(height * 0.015)))
        tone = tuple(map(float, np.clip(hue * rng.uniform(0.3, 1.5), 0, 255)))
        cv2.ellipse(image, centre, axes, float(rng.uniform(0, 180)), 0, 360, tone, -1, cv2.LINE_AA)
    return image


GROUNDS: tuple[Texture, ...] = (asphalt, asphalt, soil, soil, rubble, paving, grass, plaster)
BACKDROPS: tuple[Texture, ...] = (facade, facade, plaster, foliage, foliage, rubble, asphalt)


def backdrop(rng: np.random.Generator, size_hw: tuple[int, int]) -> Image:
    """A ground, mostly with something upright behind it."""
    ground = pick(rng, GROUNDS)
    if rng.random() < 0.4:
        return ground(rng, size_hw)
    horizon = int(size_hw[0] * rng.uniform(0.15, 0.7))
    behind = pick(rng, BACKDROPS)(rng, (max(4, horizon), size_hw[1]))
    return np.vstack([behind, ground(rng, (size_hw[0] - behind.shape[0], size_hw[1]))])
