"""Wear of a plate: chipped paint, scratches, dust, mud, fading."""

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_train.render.draw.noise import cloud_noise, grain


def chip(paint: Floats, rng: np.random.Generator, strength: float) -> Floats:
    """Remove paint (H, W) 0..1 in random patches."""
    size_hw = paint.shape[0], paint.shape[1]
    clouds = cloud_noise(rng, size_hw, rng.uniform(0.15, 0.6))
    level = float(np.quantile(clouds[::4, ::4], 1 - 0.25 * strength))
    gone = np.clip((clouds - level) * 20, 0, 1) * rng.uniform(0.4, 1)
    return np.asarray(paint * (1 - gone), np.float32)


def thin(paint: Floats, rng: np.random.Generator, strength: float) -> Floats:
    """Make paint (H, W) 0..1 transparent in large patches."""
    clouds = cloud_noise(rng, (paint.shape[0], paint.shape[1]), rng.uniform(0.4, 2))
    return np.asarray(paint * (1 - strength * rng.uniform(0.3, 1) * clouds), np.float32)


def scratch(image: Image, rng: np.random.Generator, strength: float) -> None:
    """Draw scratches, in place."""
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(1, 2 + int(8 * strength)))):
        start = rng.uniform(0, 1, 2) * (width, height)
        along = rng.normal(0, 0.25, 2) * height
        middle = start + along / 2 + rng.normal(0, 0.04, 2) * height
        points = np.round(np.stack([start, middle, start + along])).astype(np.int32)
        tone = float(rng.uniform(30, 220))
        cv2.polylines(image, [points], False, (tone, tone, tone), 1, cv2.LINE_AA)


def dust(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Cover an image with soil, in patches and at the edges."""
    size_hw = image.shape[0], image.shape[1]
    earth = np.array([rng.uniform(60, 150), rng.uniform(85, 165), rng.uniform(100, 180)], np.float32)
    clouds = cloud_noise(rng, size_hw, rng.uniform(0.2, 3))
    level = 1 - rng.uniform(0.2, 1) * strength
    share = np.clip((clouds - level + 0.25) * 2.5, 0, 1) * rng.uniform(0.3, 0.85) * min(1, 0.4 + strength)
    return np.asarray(image * (1 - share[..., None]) + earth * share[..., None]).astype(np.uint8)


def spatter(image: Image, rng: np.random.Generator, strength: float) -> None:
    """Add drops of mud, in place."""
    height, width = image.shape[:2]
    earth = rng.uniform(40, 130)
    for _ in range(int(rng.integers(1, 3 + int(25 * strength)))):
        centre = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        radius = max(1, round(height * abs(rng.normal(0, 0.018))))
        colour = (earth * 0.7, earth * 0.9, earth)
        cv2.circle(image, centre, radius, colour, -1, cv2.LINE_AA)


def fade(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Fade an image to a pale tone."""
    pale = np.array([rng.uniform(120, 230), rng.uniform(130, 220), rng.uniform(160, 240)], np.float32)
    share = strength * rng.uniform(0.05, 0.5)
    return np.asarray(image * (1 - share) + pale * share).astype(np.uint8)


def wear_down(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Apply random wear to a plate, more of it at greater strength."""
    if rng.random() < 0.5:
        image = fade(image, rng, strength)
    if rng.random() < 0.35:
        scratch(image, rng, strength)
    if rng.random() < 0.35:
        image = dust(image, rng, strength)
    if rng.random() < 0.12:
        spatter(image, rng, strength)
    return grain(image, rng, strength * 9) if rng.random() < 0.4 else image
