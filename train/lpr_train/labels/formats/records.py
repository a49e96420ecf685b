"""Common result of all formats' readers: images with shapes, class names and attributes, as the tool wrote them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from lpr_edge.contract.base.errors import DataError

Point = tuple[float, float]
Given = ParamSpec("Given")
Made = TypeVar("Made")
BROKEN = (DataError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
"""What reading a file raises that isn't as its format has it."""


class Drawn(Enum):
    """Kind of a drawn shape."""

    BOX = "box"
    """Two opposite corners of an upright box."""
    ROTATED = "rotated box"
    """Four corners of a box that was turned, from the one that was its top left."""
    POLYGON = "polygon"
    """Three or more points, begun anywhere, in either direction."""
    CORNERS = "corners"
    """Four points clockwise from the plate's own top left, by the format's definition."""


@dataclass(frozen=True)
class Shape:
    """Position of a plate."""

    drawn: Drawn
    points: tuple[Point, ...]
    """x, y in pixels, or in shares of the picture where `is_relative`."""
    is_relative: bool = False


@dataclass(frozen=True)
class SourcePlate:
    """A labelled object: a plate or something else, by its class name."""

    shape: Shape | None
    """None where it fills the picture."""
    class_name: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What else the tool keeps of it: `text`, `description`, `legible` …"""


@dataclass(frozen=True)
class SourceImage:
    """An image with its labelled objects."""

    path: Path
    plates: tuple[SourcePlate, ...]
    split: str = ""
    """`train`, `val` or `test`; empty where the source doesn't say."""
    size_wh: tuple[int, int] | None = None
    """Width and height in pixels for which the labels were made, where the source says so."""
    is_crop: bool = False
    """Whether one plate fills the picture."""
    source: str = ""
    """Where it comes from, where the source says so."""


@dataclass(frozen=True)
class Note:
    """A message about one label or image."""

    where: str
    """File, and line or number in it."""
    reason: str
    """The same words for every label of the kind."""
    detail: str = ""
    """What was found there."""


@dataclass
class Notes:
    """Messages about assumptions and omissions, with their reasons."""

    guesses: list[Note] = field(default_factory=list)
    omissions: list[Note] = field(default_factory=list)

    def guessed(self, where: object, reason: str, detail: object = "") -> None:
        """Report a label that was imported with an assumption."""
        self.guesses.append(Note(str(where), reason, str(detail)))

    def left_out(self, where: object, reason: str, detail: object = "") -> None:
        """Report an image or label that was not imported."""
        self.omissions.append(Note(str(where), reason, str(detail)))

    def attempt(
        self, where: object, make: Callable[Given, Made], *args: Given.args, **more: Given.kwargs
    ) -> Made | None:
        """Result of `make`; for an invalid file or label, None and a message."""
        try:
            return make(*args, **more)
        except BROKEN as error:
            detail = f"no {error}" if isinstance(error, KeyError) else str(error) or repr(error)
            self.left_out(where, "the label can't be read", detail)
            return None
