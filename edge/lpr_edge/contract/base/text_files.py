"""Text files that people write (TOML, JSON, JSON lines), in UTF-8 or UTF-16, limited in size and depth."""

import codecs
import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import DataError

MAX_BYTES = 64 << 20
"""Of a file with settings, a country, a list, a card or a result."""
MAX_LABEL_BYTES = 512 << 20
"""Of a file with one label a line."""
PIECE = 1 << 20
"""Bytes that are read at a time where a file's size isn't known."""
MAX_DEPTH = 64
"""Lists and tables inside each other; nothing that lpr reads has more than a dozen."""
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
"""A byte order mark -> the encoding that it stands for."""
_KEY = r"(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')"
DEEP_KEY = re.compile(rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY}){{{MAX_DEPTH}}}")
"""A dotted TOML key: each part is a table inside the one before."""


def read_text(path: Path, max_bytes: int = MAX_BYTES) -> str:
    """Read a text file in UTF-8, or in UTF-16 with a byte order mark, as Windows editors save it.

    Args:
        path: the file.
        max_bytes: what is larger is refused before it is read.

    Returns:
        The text without its mark, a line feed at each line's end.

    Raises:
        OSError: the file can't be read.
        DataError: it is too large, or in another encoding.
    """
    data = read_bytes(path, max_bytes)
    mark, encoding = next(((mark, name) for mark, name in MARKS if data.startswith(mark)), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{shown(path)} isn't {encoding.upper()} text (byte {error.start + len(mark)}): save it as UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Read a file, unless it is larger than `max_bytes`.

    Raises:
        OSError: the file can't be read.
        DataError: it is too large.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(size) if size <= max_bytes else b""
        while size <= max_bytes and (more := file.read(PIECE)):  # a device reports no size, and a file may grow
            data += more
            size = len(data)
    if size > max_bytes:
        raise DataError(f"{shown(path)} is larger than {max_bytes >> 20} MB, the most that lpr reads of such a file")
    return data


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Non-blank lines of a labels file, each with its number from 1.

    Only a line feed ends a line: U+2028 and others of Unicode's may stand inside a JSON text.

    Raises:
        DataError: the file can't be read, is too large, or in another encoding.
    """
    try:
        text = read_text(path, MAX_LABEL_BYTES)
    except OSError as error:
        raise DataError(f"{shown(path)} can't be read: {error.strerror or error}") from error
    return ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def parse_json(text: str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: it isn't JSON, or deeper than `MAX_DEPTH`.
    """
    try:
        values = json.loads(text)
    except RecursionError as error:
        raise ValueError(_too_deep()) from error
    _check_depth(values)
    return values


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML.

    Raises:
        ValueError: it isn't TOML, or deeper than `MAX_DEPTH`.
    """
    if DEEP_KEY.search(text):
        raise ValueError(_too_deep())
    try:
        values = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(_too_deep()) from error
    _check_depth(values)
    return values


def _check_depth(values: Any) -> None:
    level = [values]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise ValueError(_too_deep())


def _children(value: Any) -> list[Any]:
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in held if isinstance(child, dict | list)]


def _too_deep() -> str:
    return f"lists or tables lie more than {MAX_DEPTH} deep inside each other"


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        OSError: the file can't be read.
        ValueError: it isn't JSON, or is too deep.
        DataError: it is too large, or in another encoding.
    """
    return parse_json(read_text(path))


def shown(path: str | Path) -> str:
    """A path as text for records and messages; bytes that aren't UTF-8 are escaped in hexadecimal."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_utf8(path: str | Path) -> bool:
    """Whether a path is valid UTF-8, as C++ libraries need it."""
    return shown(path) == str(path)
