"""From a picture to a network's input: the one way, for training, calibration, parity, device and benchmarks."""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.geometry import grow_quad, rectify


@dataclass(frozen=True)
class InputSpec:
    """What a network takes."""

    size_hw: tuple[int, int]
    """Height and width in pixels."""
    channels: int
    """3 for colour, 1 for grey."""
    colour: Literal["rgb", "gray"]
    """Order of the channels; OpenCV's BGR is turned into it."""
    resize: Literal["letterbox", "stretch"]
    """`letterbox` keeps the shape and pads right and below with grey; `stretch` fills the input."""
    value_range: tuple[float, float] = (0.0, 1.0)
    """What the bytes 0 and 255 mean to the float network."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "size_hw": list(self.size_hw),
            "channels": self.channels,
            "colour": self.colour,
            "resize": self.resize,
            "value_range": list(self.value_range),
        }

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "InputSpec":
        """The inverse of `to_dict`; raises KeyError or TypeError where something is missing."""
        height, width = values["size_hw"]
        low, high = values["value_range"]
        return InputSpec((height, width), values["channels"], values["colour"], values["resize"], (low, high))


@dataclass(frozen=True)
class Prepared:
    """A network's input, and the way back to the picture."""

    pixels: Image
    """(1, H, W, C) uint8."""
    scale_xy: tuple[float, float]
    """Input pixels a picture pixel, along x and y."""

    def to_picture(self, points_xy: Floats) -> Floats:
        """Map (…, 2) points in input pixels back to the picture's pixels."""
        return np.asarray(points_xy / np.array(self.scale_xy, np.float32), np.float32)


SKIPPING = 2
"""Times smaller from which on bilinear sampling skips pixels. Averages are needed there, and up to there bilinear
samples are five times as fast: 0.2 ms, not 1.0, for a frame of 640×480."""
PADDING = 114
"""Grey of letterbox borders: the mean of photographs, and what YOLO's letterbox uses."""


def prepare(image_bgr: Image, spec: InputSpec) -> Prepared:
    """Resize, pad and reorder a picture into a network's input.

    Args:
        image_bgr: (H, W, 3) BGR or (H, W) / (H, W, 1) grey, uint8, of any size.
        spec: what the network takes.

    Returns:
        The input as bytes; scaling to `value_range` is the network's or the runtime's.

    Raises:
        ValueError: the picture is empty or not 8 bit.
    """
    if image_bgr.dtype != np.uint8 or image_bgr.size == 0:
        raise ValueError(f"expected a picture of bytes, found {image_bgr.dtype} of shape {image_bgr.shape}")
    resized = _resize(image_bgr, spec)
    scale_xy = (resized.shape[1] / image_bgr.shape[1], resized.shape[0] / image_bgr.shape[0])
    pixels = _pad(_recolour(resized, spec.colour), spec.size_hw)
    return Prepared(pixels[np.newaxis], scale_xy)


def prepare_plate(frame_bgr: Image, quad_xy: Quad, spec: InputSpec, margin: float) -> Prepared:
    """Cut a plate out of a frame, upright, into a reader's input.

    Args:
        frame_bgr: (H, W, 3) uint8.
        quad_xy: (4, 2) corners in the frame, from the plate's own top left.
        spec: what the reader takes.
        margin: what to show around the corners on each side, relative to the plate's size: corners are never exact.

    Raises:
        ValueError: the corners aren't convex.
    """
    return prepare(rectify(frame_bgr, grow_quad(quad_xy, margin), spec.size_hw), spec)


def _resize(image: Image, spec: InputSpec) -> Image:
    height, width = spec.size_hw
    if spec.resize == "letterbox":
        scale = min(width / image.shape[1], height / image.shape[0])
        width, height = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    if (height, width) == image.shape[:2]:
        return image
    skips = height * SKIPPING < image.shape[0] or width * SKIPPING < image.shape[1]
    interpolation = cv2.INTER_AREA if skips else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


def _recolour(image: Image, colour: str) -> Image:
    """Return (H, W, C) in the network's colours, contiguous."""
    grey_in = image.ndim == 2 or image.shape[2] == 1
    if colour == "gray":
        grey = image if grey_in else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return np.asarray(grey, np.uint8).reshape(*image.shape[:2], 1)
    code = cv2.COLOR_GRAY2RGB if grey_in else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def _pad(image: Image, size_hw: tuple[int, int]) -> Image:
    if image.shape[:2] == size_hw:
        return image
    padded = np.full((*size_hw, image.shape[2]), PADDING, np.uint8)
    padded[: image.shape[0], : image.shape[1]] = image
    return padded
