"""Image files: which files are images, and how to read them upright with 8 bits per channel."""

import hashlib
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Image
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.picture_head import declared_size, exif_orientation
from lpr_edge.contract.base.text_files import read_bytes, shown

PICTURES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff")
"""Endings of the files that OpenCV reads wherever it is installed by pip."""
FOREIGN_PICTURES = (".heic", ".heif", ".avif", ".jxl", ".gif", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".psd")
"""Endings of pictures that it doesn't read: cameras, phones and browsers write them."""
SYSTEM_FILES = ("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "system volume information")
"""What Windows and macOS leave in folders, in addition to names that begin with a dot."""
MAX_PIXELS = 1 << 27
"""Of one picture: more than any camera of a phone has."""
MAX_BYTES = 512 << 20
"""Of one picture's file."""


def is_hidden(path: Path) -> bool:
    """Whether a file or folder was created by a system: `._x.jpg`, `.DS_Store`, `Thumbs.db`."""
    return path.name.startswith(".") or path.name.lower() in SYSTEM_FILES


def is_picture(path: Path) -> bool:
    """Whether a file name has the extension of a supported image format."""
    return path.suffix.lower() in PICTURES and not is_hidden(path)


def is_foreign_picture(path: Path) -> bool:
    """Whether a file name has the extension of an unsupported image format."""
    return path.suffix.lower() in FOREIGN_PICTURES and not is_hidden(path)


def foreign_remedy(path: Path) -> str:
    """Advice for an image with an unsupported format, as a sentence without its subject."""
    kind = path.suffix.lower().removeprefix(".").upper()
    return f"is {kind}, which lpr doesn't read: save it as JPEG or PNG (magick {shown(path.name)} {path.stem}.jpg)"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file: files with equal hashes are the same image."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_picture(path: Path) -> Image:
    """Read an image as (H, W, 3) uint8 BGR, from any depth and channels, upright by its EXIF orientation.

    Raises:
        DataError: the file is missing, of a kind that OpenCV doesn't read, too large, or can't be decoded.
    """
    try:
        data = read_bytes(path, MAX_BYTES)
    except (OSError, ValueError) as error:  # ValueError: a name that the file system's encoding doesn't have
        raise DataError(f"no picture {shown(path)}: {getattr(error, 'strerror', None) or error}") from error
    return decode_picture(data, path)


def decode_picture(data: bytes, path: Path, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode an image's bytes as (H, W, 3) uint8 BGR, upright by its EXIF orientation.

    Args:
        data: of one picture.
        path: names it in messages; nothing is read from there.
        max_pixels: what has more is refused before it is decoded.

    Raises:
        DataError: it is of a kind that OpenCV doesn't read, too large, or can't be decoded.
    """
    size = declared_size(data)
    if size and size[0] * size[1] > max_pixels:
        raise DataError(
            f"{shown(path)} has {size[0]}×{size[1]} pixels, and lpr reads up to {max_pixels / 1e6:.0f} million: "
            "scale it down"
        )
    picture = _decode(data)
    if picture is None and is_foreign_picture(path):
        raise DataError(f"{shown(path)} {foreign_remedy(path)}")
    if picture is None:
        raise DataError(f"{shown(path)} is no picture that OpenCV can read, or is cut short")
    return picture


def _decode(data: bytes) -> Image | None:
    raw = np.frombuffer(data, np.uint8)
    colour = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        picture = cv2.imdecode(raw, colour | cv2.IMREAD_ANYDEPTH) if raw.size else None
        if picture is not None and picture.dtype.kind == "f":
            picture = linear_to_bytes(picture)
        elif picture is not None and picture.dtype not in (np.uint8, np.uint16):
            picture = cv2.imdecode(raw, colour)
    except cv2.error:  # a damaged head can promise more pixels than OpenCV takes
        return None
    return None if picture is None else upright(to_bytes(picture), exif_orientation(data))


def upright(picture: Image, orientation: int) -> Image:
    """Rotate and mirror a stored image (H, W, …) so that its top is up.

    Args:
        picture: (H, W, C) uint8.
        orientation: EXIF's, 1 to 8: where the stored first row and column lie in the scene.

    Returns:
        (H, W, C) uint8, or (W, H, C) from 5 on.
    """
    if orientation >= 5:
        picture = picture.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)


def linear_to_bytes(picture: AnyArray) -> Image:
    """Convert linear light to uint8 as sRGB has it (IEC 61966-2-1): OpenCV's versions differ in files of floats.

    Args:
        picture: (H, W, C) float32, linear from 0 to 1; what lies outside is cut, and NaN is black.

    Returns:
        (H, W, C) uint8.
    """
    light = np.clip(np.nan_to_num(np.asarray(picture, np.float32)), 0.0, 1.0)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * coded), np.uint8)


def to_bytes(picture: AnyArray) -> Image:
    """Convert an image with 8 or 16 bits per channel to uint8.

    Sensors of 10, 12 or 14 bits are stored in 16 without being shifted up: the brightest pixel shows how many there
    are, and those are kept.

    Args:
        picture: (H, W, C) uint8 or uint16.

    Returns:
        (H, W, C) uint8.
    """
    if picture.dtype == np.uint8:
        return np.asarray(picture, np.uint8)
    bits = int(picture.max(initial=0)).bit_length()
    used = next(depth for depth in (8, 10, 12, 14, 16) if bits <= depth)
    return np.asarray(picture >> (used - 8), np.uint8)
