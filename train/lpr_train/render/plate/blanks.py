"""The plate without its text: sheet, frames, bolts, ornaments and stickers."""

from collections.abc import Sequence

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Floats, Image
from lpr_train.render.draw.chance import pick
from lpr_train.render.draw.noise import cloud_noise
from lpr_train.render.draw.shapes import PAINT, Glyph
from lpr_train.render.plate.style import Area, Rgb, Sticker

FINE = 4
"""Bits of sub-pixel precision in OpenCV's drawing."""


def vary_colour(rgb: Rgb, rng: np.random.Generator, amount: float = 1.0) -> Floats:
    """Vary a paint's colour: other makers' hues, faded by the sun or darkened by age.

    Returns:
        (3,) float32, BGR 0..255.
    """
    pixel = np.array([[rgb[::-1]]], np.float32) / 255
    hue, saturation, value = cv2.cvtColor(pixel, cv2.COLOR_BGR2HSV)[0, 0]
    hue += rng.normal(0, 7) * amount
    saturation *= 1 - abs(rng.normal(0, 0.18)) * amount
    value = value * (1 + rng.normal(0.02, 0.17) * amount) + rng.uniform(0, 0.05) * amount
    changed = np.array([[[hue % 360, np.clip(saturation, 0, 1), np.clip(value, 0, 1)]]], np.float32)
    return np.asarray(cv2.cvtColor(changed, cv2.COLOR_HSV2BGR)[0, 0] * 255, np.float32)


def sheet(size_hw: tuple[int, int], colour_bgr: Floats, rng: np.random.Generator) -> Floats:
    """A painted sheet (H, W, 3) float32: the colour with brush streaks and uneven coats."""
    uneven = (cloud_noise(rng, size_hw, rng.uniform(0.5, 4)) - 0.5) * rng.uniform(4, 34)
    if rng.random() < 0.2:
        streaks = cloud_noise(rng, (size_hw[0], max(2, size_hw[1] // 12)), 0.5) - 0.5
        uneven = uneven + cv2.resize(streaks, (size_hw[1], size_hw[0])) * rng.uniform(10, 40)
    return np.asarray(colour_bgr + uneven[..., None], np.float32)


def rounded(size_hw: tuple[int, int], inset: float, radius: float, thickness: int = -1) -> Image:
    """A rectangle with round corners as a mask (H, W); filled where thickness is -1."""
    height, width = size_hw
    mask = np.zeros(size_hw, np.uint8)
    points = np.round(_corner_arcs(width, height, inset, radius) * (1 << FINE)).astype(np.int32)
    if thickness < 0:
        cv2.fillPoly(mask, [points], PAINT, cv2.LINE_AA, FINE)
    else:
        cv2.polylines(mask, [points], True, PAINT, thickness, cv2.LINE_AA, FINE)
    return mask


def _corner_arcs(width: int, height: int, inset: float, radius: float) -> Floats:
    radius = min(radius, height / 2 - inset, width / 2 - inset)
    near, far_x, far_y = inset + radius, width - 1 - inset - radius, height - 1 - inset - radius
    centres = ((near, near), (far_x, near), (far_x, far_y), (near, far_y))
    arcs = []
    for quarter, centre in enumerate(centres):
        angles = np.deg2rad(np.linspace(180, 270, 6) + 90 * quarter)
        arcs.append(np.array(centre) + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    return np.asarray(np.vstack(arcs), np.float32)


def frame(size_hw: tuple[int, int], radius: float, rng: np.random.Generator) -> tuple[Image, float]:
    """Mask (H, W) of painted lines along the edge.

    Returns:
        The lines' mask (H, W), and how many pixels they take on each side.
    """
    height = size_hw[0]
    thickness = max(1, round(height * rng.uniform(0.008, 0.03)))
    inset = height * pick(rng, [0.0, rng.uniform(0.02, 0.06)])
    kind = pick(rng, ["none", "line", "rim", "double"], [0.22, 0.4, 0.2, 0.18])
    if kind == "none":
        return np.zeros(size_hw, np.uint8), 0.0
    if kind == "rim":
        thickness = max(2, round(height * rng.uniform(0.03, 0.06)))
        return rounded(size_hw, thickness / 2 - 0.5, radius, thickness), float(thickness)
    mask = rounded(size_hw, inset + thickness / 2, radius, thickness)
    if kind == "double":
        second = inset + thickness * 2 + height * 0.02
        mask = np.maximum(mask, rounded(size_hw, second, radius * 0.7, max(1, thickness // 2)))
        inset = second
    return mask, inset + thickness


def draw_bolts(image: Image, rng: np.random.Generator) -> None:
    """Draw bolts in the corners, sometimes one at the bottom, in place."""
    height, width = image.shape[:2]
    radius = height * rng.uniform(0.025, 0.055)
    x = min(width * rng.uniform(0.06, 0.2), width / 2 - radius)
    y = height * rng.uniform(0.08, 0.2)
    places = [(x, y), (width - x + rng.normal(0, 2), y + rng.normal(0, 2))]
    if rng.random() < 0.15:
        places.append((width * rng.uniform(0.4, 0.6), height * rng.uniform(0.86, 0.95)))
    if rng.random() < 0.1:
        places += [(x, height - y), (width - x, height - y)]
    dark, bright = sorted(rng.uniform(20, 230, 2))
    for place in places:
        _draw_bolt(image, place, radius, float(dark), float(bright))


def _draw_bolt(image: Image, place: tuple[float, float], radius: float, dark: float, bright: float) -> None:
    centre = round(place[0]), round(place[1])
    outer = max(1, round(radius))
    shadow = tuple(
        float(v) * 0.5 for v in image[min(centre[1], image.shape[0] - 1), min(centre[0], image.shape[1] - 1)]
    )
    cv2.circle(image, (centre[0], centre[1] + max(1, outer // 3)), outer, shadow, -1, cv2.LINE_AA)
    cv2.circle(image, centre, outer, (dark, dark, dark), -1, cv2.LINE_AA)
    middle = (bright, bright, bright)
    cv2.circle(image, (centre[0] - outer // 4, centre[1] - outer // 4), max(1, outer // 2), middle, -1, cv2.LINE_AA)


def ornament(size_hw: tuple[int, int], y: float, rng: np.random.Generator) -> Image:
    """Mask (H, W) of a line between two rows, plain or with a knot in its middle."""
    height, width = size_hw
    mask = np.zeros(size_hw, np.uint8)
    half = width * rng.uniform(0.2, 0.45)
    thickness = max(1, round(height * rng.uniform(0.005, 0.015)))
    middle, left, right = (width // 2, round(y)), round(width / 2 - half), round(width / 2 + half)
    cv2.line(mask, (left, round(y)), (right, round(y)), PAINT, thickness, cv2.LINE_AA)
    knots = pick(rng, [0, 1, 3])
    step = max(3, round(height * rng.uniform(0.03, 0.06)))
    for knot in range(-(knots // 2), knots // 2 + knots % 2):
        axes = (step // 2 + 1, max(1, step // 3))
        cv2.ellipse(mask, (middle[0] + knot * step, middle[1]), axes, 0, 0, 360, PAINT, thickness, cv2.LINE_AA)
    return mask


def draw_sticker(image: Image, area: Area, sticker: Sticker, title: Glyph | None, rng: np.random.Generator) -> None:
    """Draw an emblem, such as the country's flag, on a part of the plate, in place."""
    x, y, w, h = (int(v) for v in (area.x, area.y, area.w, area.h))
    window = image[y : y + h, x : x + w]
    window[:] = pick(rng, sticker.grounds)[::-1]
    ink = tuple(float(value) for value in pick(rng, sticker.inks)[::-1])
    cv2.fillPoly(window, [_emblem(sticker, w, h, rng)], ink, cv2.LINE_AA)
    if title is not None:
        letters = cv2.resize(title.mask, (max(4, int(w * 0.84)), max(3, int(h * 0.16))), interpolation=cv2.INTER_AREA)
        foot = window[-letters.shape[0] - 2 : -2, int(w * 0.08) : int(w * 0.08) + letters.shape[1]]
        blend(foot, letters, np.array(ink, np.float32))


def _emblem(sticker: Sticker, w: int, h: int, rng: np.random.Generator) -> Image:
    """One of the sticker's emblems: points (n, 2) int32."""
    points = np.array(pick(rng, sticker.emblems, [emblem.weight for emblem in sticker.emblems]).points)
    size = np.array([w * rng.uniform(0.5, 0.8), h * rng.uniform(0.5, 0.7)])
    return np.asarray(np.round(points * size + np.array([w * 0.12, h * 0.1])).astype(np.int32))


def blend(window: Image, mask: AnyArray, colour_bgr: Floats | Sequence[float]) -> None:
    """Paint a colour through a mask (h, w) onto a picture of the same size, in place."""
    share = mask[: window.shape[0], : window.shape[1], None].astype(np.float32) / 255
    window[:] = np.clip(window * (1 - share) + np.asarray(colour_bgr, np.float32) * share, 0, 255).astype(np.uint8)
