"""Preprocessing of an image to a network's input, the same for training, calibration, device and benchmarks."""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.geometry import grow_quad, rectify, rectify_grey


@dataclass(frozen=True)
class InputSpec:
    """Input of a network: size, colour order, value range."""

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
    """A network's input, and the transform back to the image."""

    pixels: Image
    """(1, H, W, C) uint8."""
    scale_xy: tuple[float, float]
    """Input pixels a picture pixel, along x and y."""

    def to_picture(self, points_xy: Floats) -> Floats:
        """Convert points (…, 2) from input pixels to the image's pixels."""
        return to_picture(points_xy, self.scale_xy)


def to_picture(points_xy: Floats, scale_xy: tuple[float, float]) -> Floats:
    """Map (…, 2) points in input pixels back to the picture's pixels, by what `write_input` returned."""
    return np.asarray(points_xy / np.array(scale_xy, np.float32), np.float32)


SKIPPING = 2
"""Reduction factor from which bilinear sampling skips pixels, so that averaging is needed. Below it, bilinear sampling
is used because it is much faster."""
PADDING = 114
"""Grey of letterbox borders: the mean of photographs, and what YOLO's letterbox uses."""


def prepare(image_bgr: Image, spec: InputSpec) -> Prepared:
    """Resize, pad and convert an image to a network's input.

    Args:
        image_bgr: (H, W, 3) BGR or (H, W) / (H, W, 1) grey, uint8, of any size.
        spec: what the network takes.

    Returns:
        The input as bytes; scaling to `value_range` is the network's or the runtime's.

    Raises:
        ValueError: the picture is empty or not 8 bit.
    """
    pixels = _empty_input(spec)
    return Prepared(pixels, write_input(image_bgr, spec, pixels[0]))


def prepare_plate(frame_bgr: Image, quad_xy: Quad, spec: InputSpec, margin: float) -> Prepared:
    """Rectify a plate of a frame to a reader's input.

    Args:
        frame_bgr: (H, W, 3) uint8.
        quad_xy: (4, 2) corners in the frame, from the plate's own top left.
        spec: what the reader takes.
        margin: what to show around the corners on each side, relative to the plate's size: corners are never exact.

    Raises:
        ValueError: the corners aren't convex.
    """
    pixels = _empty_input(spec)
    write_plate(frame_bgr, quad_xy, spec, margin, pixels[0])
    return Prepared(pixels, (1.0, 1.0))


def _empty_input(spec: InputSpec) -> Image:
    return np.empty((1, *spec.size_hw, spec.channels), np.uint8)


def write_input(image_bgr: Image, spec: InputSpec, out: Image) -> tuple[float, float]:
    """Write the result of `prepare` into an array (H, W, C) uint8, such as a runtime's own input.

    Returns:
        Input pixels a picture pixel, along x and y: see `Prepared.scale_xy`.

    Raises:
        ValueError: see `prepare`; nothing is written then.
    """
    _check_bytes(image_bgr)
    resized = _resize(image_bgr, spec)
    _write(resized, spec, out)
    return resized.shape[1] / image_bgr.shape[1], resized.shape[0] / image_bgr.shape[0]


def write_frame(frame_bgr: Image, spec: InputSpec, out: Image) -> tuple[float, float]:
    """Write a camera's frame as `write_input` does, faster where it is much larger: halved first, as far as that goes.

    Args:
        frame_bgr: see `prepare`.
        spec: what the network takes.
        out: (rows, W, C) uint8; as many rows as `rows_of` says are enough.

    Returns:
        See `write_input`.

    Raises:
        ValueError: see `prepare`; nothing is written then.
    """
    _check_bytes(frame_bgr)
    size_hw, halved, times = _resized_hw(frame_bgr, spec), frame_bgr, 1
    while min(halved.shape[0] / size_hw[0], halved.shape[1] / size_hw[1]) >= SKIPPING:
        height, width = halved.shape[0] // 2, halved.shape[1] // 2
        # OpenCV averages whole pairs of rows and columns many times faster than other shares.
        even = halved[: 2 * height, : 2 * width]
        halved, times = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8), 2 * times
    resized = halved
    if halved.shape[:2] != size_hw:
        resized = np.asarray(cv2.resize(halved, size_hw[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
    _write(resized, spec, out)
    return size_hw[1] / (times * halved.shape[1]), size_hw[0] / (times * halved.shape[0])


ROW_STEP = 32
"""Rows of an input come in so many, the pixels of a detector's coarsest cell."""


PADDED_ROWS = 16
"""Rows of padding that are kept below a picture: a network has learnt edges next to padding."""


def rows_of(image_bgr: Image, spec: InputSpec) -> int:
    """How many of the input's rows a picture (H, W, …) needs, in whole steps: a letterbox has only padding below."""
    rows = _resized_hw(image_bgr, spec)[0] + PADDED_ROWS
    return min(spec.size_hw[0], -(-rows // ROW_STEP) * ROW_STEP)


def write_plate(frame_bgr: Image, quad_xy: Quad, spec: InputSpec, margin: float, out: Image) -> None:
    """Write the result of `prepare_plate` into an array (H, W, C) uint8, such as a runtime's own input.

    Raises:
        ValueError: see `prepare_plate`; nothing is written then.
    """
    shown_xy = grow_quad(quad_xy, margin)
    if spec.colour == "gray":
        rectify_grey(frame_bgr, shown_xy, out[..., 0])
    else:
        _recolour(rectify(frame_bgr, shown_xy, spec.size_hw), spec.colour, out)


def _check_bytes(image: Image) -> None:
    if image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected a picture of bytes, found {image.dtype} of shape {image.shape}")


def _resized_hw(image: Image, spec: InputSpec) -> tuple[int, int]:
    """Height and width in the input of a picture (H, W, …)."""
    height, width = spec.size_hw
    if spec.resize == "letterbox":
        scale = min(width / image.shape[1], height / image.shape[0])
        width, height = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return height, width


def _write(resized: Image, spec: InputSpec, out: Image) -> None:
    """Write a picture of its size in the input into an array (H, W, C), padded right and below."""
    height, width = resized.shape[:2]
    _recolour(resized, spec.colour, out[:height, :width])
    out[height:] = PADDING
    out[:height, width:] = PADDING


def _resize(image: Image, spec: InputSpec) -> Image:
    height, width = _resized_hw(image, spec)
    if (height, width) == image.shape[:2]:
        return image
    skips = height * SKIPPING < image.shape[0] or width * SKIPPING < image.shape[1]
    interpolation = cv2.INTER_AREA if skips else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


def _recolour(image: Image, colour: str, out: Image) -> None:
    """Convert to the network's colour order: (H, W, C), contiguous."""
    is_grey = image.ndim == 2 or image.shape[2] == 1
    if colour != "gray":
        cv2.cvtColor(image, cv2.COLOR_GRAY2RGB if is_grey else cv2.COLOR_BGR2RGB, dst=out)
    elif is_grey:
        out[..., 0] = image.reshape(image.shape[:2])
    else:
        cv2.cvtColor(image, cv2.COLOR_BGR2GRAY, dst=out[..., 0])
