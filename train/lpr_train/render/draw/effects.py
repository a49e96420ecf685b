"""Augmentation by effects of light and cameras. Each takes (image_bgr, rng, strength 0..1) and returns a new image."""

from collections.abc import Callable

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_train.render.draw.chance import pick
from lpr_train.render.draw.noise import cloud_noise, white_noise
from lpr_train.render.draw.shapes import PAINT

Effect = Callable[[Image, np.random.Generator, float], Image]


def tone(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Change brightness, contrast and gamma."""
    levels = np.linspace(0, 1, 256)
    gamma = np.exp(rng.normal(0, 0.35) * strength)
    contrast = np.exp(rng.normal(-0.15, 0.45) * strength)
    brightness = rng.normal(-0.03, 0.22) * strength
    middle = rng.uniform(0.3, 0.6)
    table = (levels**gamma - middle) * contrast + middle + brightness
    return np.asarray(cv2.LUT(image, _table(table)), np.uint8)


def cast(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Add a colour cast: sodium lamps, dusk, a wrong white balance."""
    gains = np.exp(rng.normal(0, 0.16, 3) * strength)
    offsets = rng.normal(0, 0.04, 3) * strength
    levels = np.linspace(0, 1, 256)
    tables = np.stack([levels * gain + offset for gain, offset in zip(gains, offsets, strict=True)], axis=1)
    return np.asarray(cv2.LUT(image, _table(tables)[:, None, :]), np.uint8)


def pale(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Reduce the saturation, down to the grey of a night camera."""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    share = float(rng.uniform(0.2, 1)) * strength
    return np.asarray(cv2.addWeighted(grey, share, image, 1 - share, 0), np.uint8)


def haze(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Reduce the contrast: fog, dust in the air, a dirty lens."""
    haze_bgr = rng.uniform(30, 215) + rng.normal(0, 10, 3)
    share = rng.uniform(0.2, 0.72) * strength
    levels = np.arange(256)[:, None] * (1 - share) + haze_bgr * share
    return np.asarray(cv2.LUT(image, np.clip(levels, 0, 255).astype(np.uint8)[:, None, :]), np.uint8)


def night(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Darken, with a purple or blue tint in the shadows."""
    gain = 1 - strength * rng.uniform(0.3, 0.75)
    tint = np.array([rng.uniform(10, 40), rng.uniform(5, 22), rng.uniform(5, 35)]) * strength
    levels = np.arange(256)[:, None] * gain + tint
    return np.asarray(cv2.LUT(image, np.clip(levels, 0, 255).astype(np.uint8)[:, None, :]), np.uint8)


def glare(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Add a bright spot: a reflected sun or lamp."""
    height, width = image.shape[:2]
    centre = rng.uniform(-0.1, 1.1, 2) * (width, height)
    reach = np.array([width, height]) * rng.uniform(0.15, 0.6, 2)
    x = ((np.arange(width) - centre[0]) / reach[0]) ** 2
    y = ((np.arange(height) - centre[1]) / reach[1]) ** 2
    light = np.exp(-x)[None, :] * np.exp(-y)[:, None] * (rng.uniform(60, 220) * strength)
    return _add(image, light.astype(np.float32))


def gradient(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Darken gradually across the image."""
    height, width = image.shape[:2]
    slope_x, slope_y = rng.normal(0, 0.45, 2) * strength
    factor = 1 + np.linspace(-slope_x, slope_x, width)[None, :] + np.linspace(-slope_y, slope_y, height)[:, None]
    return _multiply(image, factor.astype(np.float32))


def shadow(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Add the shadow of a straight or round edge."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        across, along = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        foot = rng.uniform(0.1, 0.9, 2) * (width, height)
        far = float(width + height)
        edge = [
            foot - along * far,
            foot + along * far,
            foot + along * far + across * far,
            foot - along * far + across * far,
        ]
        cv2.fillPoly(mask, [np.round(np.array(edge)).astype(np.int32)], PAINT)
    else:
        centre, axes = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0.15, 0.7, 2) * (width, height)
        cv2.ellipse(mask, (int(centre[0]), int(centre[1])), (int(axes[0]), int(axes[1])), 0, 0, 360, PAINT, -1)
    soft = cv2.blur(mask, (2 * int(width * rng.uniform(0, 0.04)) + 1,) * 2)
    return _multiply(image, 1 - soft.astype(np.float32) * (strength * rng.uniform(0.2, 0.65) / 255))


def blur(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Defocus: Gaussian blur relative to the image's width."""
    sigma = max(0.2, image.shape[1] * 0.02 * strength * rng.uniform(0.05, 1))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def motion(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Motion blur in one direction, mostly along the ground, relative to the image's width."""
    length = min(14.0, image.shape[1] * 0.07 * strength * rng.uniform(0.1, 1))
    reach = max(1, int(np.ceil(length / 2)))
    angle = rng.normal(0, 0.35) if rng.random() < 0.7 else rng.uniform(0, np.pi)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    tip = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    start, end = (np.round((sign * tip + reach) * 16).astype(int) for sign in (-1, 1))
    cv2.line(kernel, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), (1.0,), 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(image, -1, kernel / max(1e-6, float(kernel.sum()))), np.uint8)


def noise(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Add sensor noise, in each channel or in brightness only."""
    size_hw = image.shape[0], image.shape[1]
    channels = 3 if rng.random() < 0.5 else 1
    return _add(image, white_noise(rng, size_hw, channels) * np.float32(rng.uniform(1, 22) * strength))


def low_light(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Take the picture in the dark and brighten it as the device does: the sensor's noise is amplified with it."""
    light = float(np.exp(rng.uniform(np.log(max(0.12, 1 - 1.4 * strength)), 0)))
    reach = min(1.0, 3 * strength)
    grain = white_noise(rng, (image.shape[0], image.shape[1]), 3) * np.float32(rng.uniform(3, 10) * reach)
    dark = _add(np.asarray(cv2.convertScaleAbs(image, alpha=light), np.uint8), grain)
    gain = (1 + rng.uniform(-0.25, 0.1) * reach) / light
    return np.asarray(cv2.convertScaleAbs(dark, alpha=gain), np.uint8)


def blotches(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Add noise as after a camera's denoising: soft blotches of colour."""
    clouds = cloud_noise(rng, (image.shape[0], image.shape[1]), rng.uniform(0.1, 0.4)) - 0.5
    return _add(image, clouds * np.float32(rng.uniform(10, 55) * strength))


def jpeg(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Add compression artefacts of JPEG."""
    quality = int(np.clip(92 - strength * rng.uniform(0, 85), 6, 95))
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def sharpen(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Over-sharpen as cameras do, with halos."""
    sigma = max(0.5, image.shape[1] * rng.uniform(0.004, 0.014))
    amount = strength * rng.uniform(0.3, 1.8)
    return np.asarray(cv2.addWeighted(image, 1 + amount, cv2.GaussianBlur(image, (0, 0), sigma), -amount, 0), np.uint8)


def low_resolution(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Reduce to a few dozen pixels of width, add compression or noise, and enlarge again."""
    height, width = image.shape[:2]
    share = float(np.exp(rng.uniform(np.log(1 - 0.88 * strength), 0)))
    small_size = max(12, round(width * share)), max(6, round(height * share))
    small = np.asarray(cv2.resize(image, small_size, interpolation=cv2.INTER_AREA), np.uint8)
    if rng.random() < 0.4:
        small = noise(small, rng, strength * 0.6)
    if rng.random() < 0.4:
        small = jpeg(small, rng, strength * 0.8)
    enlarge = pick(rng, [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST], [0.5, 0.44, 0.06])
    return np.asarray(cv2.resize(small, (width, height), interpolation=enlarge), np.uint8)


def _table(levels: Floats) -> Image:
    return np.clip(np.asarray(levels) * 255, 0, 255).astype(np.uint8)


def _add(image: Image, amount: Floats) -> Image:
    """Add an array (H, W) or (H, W, 1 or 3) to every channel."""
    if amount.ndim == 2 or amount.shape[2] == 1:
        amount = np.asarray(cv2.merge([amount.reshape(image.shape[:2])] * 3), np.float32)
    return np.asarray(cv2.add(image, amount, dtype=cv2.CV_8U), np.uint8)


def _multiply(image: Image, factor: Floats) -> Image:
    return np.asarray(cv2.multiply(image, cv2.merge([factor] * 3), dtype=cv2.CV_8U), np.uint8)
