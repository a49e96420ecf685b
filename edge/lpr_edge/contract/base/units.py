"""Values of settings as text: `30d`, `1GB`, `1280x720`."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Self

from lpr_edge.contract.base.errors import LprError

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


class TextValue(ABC):
    """Base of a setting's type that a text of a form of its own stands for."""

    @classmethod
    @abstractmethod
    def parse(cls, text: str, key: str) -> "TextValue":
        """The value that a text stands for.

        Args:
            text: as it was written.
            key: the setting's name, for the error message.

        Raises:
            LprError: it stands for none.
        """

    def written(self) -> str:
        """The text that `parse` reads, secrets included; `str` is for messages."""
        return str(self)


class ByteSize(int):
    """A number of bytes, written as `500MB`; 0 means no limit."""


NO_TIME = timedelta(0)
GIGABYTE = ByteSize(10**9)


@dataclass(frozen=True)
class FrameSize(TextValue):
    """Width and height of a frame in pixels."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str, key: str) -> Self:
        """A size such as `1280x720`; see `TextValue`."""
        is_size = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", text)
        require_text(is_size, key, text, "such as 1280x720")
        return cls(*map(int, text.split("x")))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def require_text(holds: object, key: str, text: str, expected: str) -> None:
    """Refuse a text.

    Raises:
        LprError: it doesn't hold; the message names key, text and what was expected.
    """
    if not holds:
        raise LprError(f"Setting `{key}` is {text!r}, and it must be {expected}.")


def parser_of(kind: Any) -> Callable[[str, str], Any] | None:
    """What reads the texts of a setting's type, given the key; None where its values are TOML's own."""
    if isinstance(kind, type) and issubclass(kind, TextValue):
        return kind.parse
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return partial(parse_choice, kind)
    return {timedelta: parse_duration, ByteSize: parse_size}.get(kind)


def written(value: object) -> str:
    """A value of such a type, or another, as a file has it."""
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, TextValue):
        return value.written()
    return format_size(value) if isinstance(value, ByteSize) else str(value)


def parse_choice(choices: type[StrEnum], text: str, key: str) -> StrEnum:
    """One of a few words.

    Args:
        choices: the words.
        text: as it was written.
        key: the setting's name, for the error message.

    Raises:
        LprError: it is none.
    """
    *others, last = choices
    require_text(text in list(choices), key, text, f"{', '.join(others)} or {last}")
    return choices(text)


def parse_duration(text: str, key: str) -> timedelta:
    """A duration such as `90s`, `12h` or `30d`; `0` for no limit.

    Args:
        text: as it was written.
        key: the setting's name, for the error message.

    Raises:
        LprError: it is none.
    """
    return timedelta(seconds=_amount(text, key, SECONDS, "a time such as 12h or 30d"))


def parse_size(text: str, key: str) -> ByteSize:
    """A size such as `500MB`; `0` for no limit.

    Args:
        text: as it was written.
        key: the setting's name, for the error message.

    Raises:
        LprError: it is none.
    """
    return ByteSize(_amount(text, key, BYTES, "a size such as 500MB or 2GB"))


def format_duration(duration: timedelta) -> str:
    """Format a duration in the largest unit up to a day that divides it; `parse_duration` inverts it."""
    seconds = duration.total_seconds()
    return _shown(seconds, {unit: SECONDS[unit] for unit in "smhd"})


def format_size(size: int) -> str:
    """Format a size in the largest unit that divides it; `parse_size` inverts it."""
    return _shown(size, BYTES)


def _amount(text: str, key: str, units: dict[str, int], expected: str) -> float:
    if text == "0":
        return 0.0
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?) ?([A-Za-z]+)", text)
    found = {unit.lower(): factor for unit, factor in units.items()}
    if match is None or match[2].lower() not in found:
        raise LprError(f"Setting `{key}` is {text!r}, and it must be {expected}, or 0 for no limit.")
    return float(match[1]) * found[match[2].lower()]


def _shown(amount: float, units: dict[str, int]) -> str:
    if not amount:
        return "0"
    unit, factor = max(
        ((unit, factor) for unit, factor in units.items() if amount % factor == 0),
        key=lambda item: item[1],
        default=next(iter(units.items())),
    )
    return f"{amount / factor:.9f}".rstrip("0").rstrip(".") + unit


def require_setting(holds: bool, key: str, value: object, expected: str) -> None:
    """Reject a value unless a condition holds.

    Raises:
        LprError: it doesn't hold; the message names key, value and what was expected.
    """
    if not holds:
        raise LprError(f"Setting `{key}` is {value}, and it must be {expected}.")
