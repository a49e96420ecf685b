"""What the head of an encoded picture says before its pixels are decoded: size, and which side was up (EXIF).

OpenCV decides after it has taken the memory, and which kinds of file it turns upright depends on its version.
"""

import struct
from collections.abc import Iterator

JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG's frame header, which holds the size (ITU-T T.81, table B.1)."""
JPEG_APP1, JPEG_SCAN = 0xE1, 0xDA
TIFF_SHORT = 3
"""Type of a TIFF field with 16 bits; others that hold a size have 32."""
TIFF_WIDTH, TIFF_HEIGHT, TIFF_ORIENTATION = 256, 257, 274
EXIF = b"Exif\0\0"
PNG = b"\x89PNG\r\n\x1a\n"
BROKEN = (struct.error, IndexError, KeyError)
"""What reading beyond the end raises, or a field that isn't there."""


def declared_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels in the header of a PNG, JPEG, BMP, WebP or TIFF.

    Returns:
        None where the bytes are of another kind, or end before their size.
    """
    try:
        return _size(data)
    except BROKEN:
        return None


def exif_orientation(data: bytes) -> int:
    """Orientation of a JPEG, PNG or WebP (EXIF 2.3, tag 274): 1 to 8, and 1 without a tag.

    A TIFF's own tag is none of EXIF's: OpenCV heeds it always.
    """
    try:
        block = _exif_block(data)
        found = _tiff_fields(block.removeprefix(EXIF)).get(TIFF_ORIENTATION, 1)
    except BROKEN:
        return 1
    return found if 1 <= found <= 8 else 1


def _size(data: bytes) -> tuple[int, int] | None:
    if data.startswith(PNG):
        return _two(data, ">II", 16)
    if data.startswith(b"\xff\xd8"):
        heights = [_two(data, ">HH", at + 1) for marker, at, _ in _jpeg_segments(data) if marker in JPEG_FRAMES]
        return heights[0][::-1] if heights else None
    if data.startswith(b"BM"):
        width, height = _two(data, "<ii", 18)
        return abs(width), abs(height)
    if _is_webp(data):
        return _webp_size(data)
    if data.startswith((b"II*\0", b"MM\0*")):
        fields = _tiff_fields(data)
        return fields[TIFF_WIDTH], fields[TIFF_HEIGHT]
    return None


def _exif_block(data: bytes) -> bytes:
    """The EXIF data, a TIFF that contains tags only; empty without any."""
    if data.startswith(b"\xff\xd8"):
        blocks = (data[start:end] for marker, start, end in _jpeg_segments(data) if marker == JPEG_APP1)
        return next((block for block in blocks if block.startswith(EXIF)), b"")
    if data.startswith(PNG):
        return next((data[start:end] for name, start, end in _png_chunks(data) if name == b"eXIf"), b"")
    if _is_webp(data):
        return next((data[start:end] for name, start, end in _webp_chunks(data) if name == b"EXIF"), b"")
    return b""


def _two(data: bytes, form: str, at: int) -> tuple[int, int]:
    first, second = struct.unpack_from(form, data, at)
    return first, second


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment before the pixels."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != JPEG_SCAN:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # without a length
            at += 2
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)
            yield marker, at + 4, at + 2 + length
            at += 2 + length


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = len(PNG)
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], at + 8, at + 8 + length
        at += 12 + length


def _is_webp(data: bytes) -> bool:
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], at + 8, at + 8 + length
        at += 8 + length + length % 2


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        low, high = _two(data, "<II", 23)  # two numbers of 24 bits, from byte 24 on
        return 1 + (low >> 8), 1 + (high & 0xFFFFFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = _two(data, "<HH", 26)
    return width & 0x3FFF, height & 0x3FFF


def _tiff_fields(data: bytes) -> dict[int, int]:
    """Tag -> value of the first directory's fields with one integer."""
    order = "<" if data.startswith(b"II") else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    fields = {}
    for place in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = _two(data, order + "HH", place)
        (fields[tag],) = struct.unpack_from(order + ("H" if kind == TIFF_SHORT else "I"), data, place + 8)
    return fields
