"""How long a Matroska or WebM file says that it is: it counts bytes, not frames (RFC 8794, RFC 9559)."""

from pathlib import Path
from typing import BinaryIO

EBML, SEGMENT = 0x1A45DFA3, 0x18538067
"""Numbers of the two elements that a file consists of."""


def matroska_length(path: Path) -> int | None:
    """Bytes that a file has when it is whole; None where it is of another kind, or was written as a stream.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        header = _element(file)
        if header is None or header[0] != EBML or header[1] is None:
            return None
        file.seek(header[1], 1)
        segment = _element(file)
        if segment is None or segment[0] != SEGMENT or segment[1] is None:
            return None
        return file.tell() + segment[1]


def _element(file: BinaryIO) -> tuple[int, int | None] | None:
    """An element's number and the length of what follows, None where that isn't known; None at the file's end."""
    number, length = _variable_int(file, keep_marker=True), _variable_int(file, keep_marker=False)
    if number is None or length is None:
        return None
    value, bits = length
    return number[0], None if value == (1 << bits) - 1 else value


def _variable_int(file: BinaryIO, keep_marker: bool) -> tuple[int, int] | None:
    """A number of variable length, and its bits: the first one that is set says how many bytes it has."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    count = 9 - first[0].bit_length()
    rest = file.read(count - 1)
    if len(rest) < count - 1:
        return None
    value = int.from_bytes(first + rest)
    return (value if keep_marker else value & ((1 << 7 * count) - 1)), 7 * count
