"""What every format's reader returns: images with shapes, class names and attributes, as the tool wrote them."""

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
    """How a shape was drawn."""

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
    """Where a plate is."""

    drawn: Drawn
    points: tuple[Point, ...]
    """x, y in pixels, or in shares of the picture where `is_relative`."""
    is_relative: bool = False


@dataclass(frozen=True)
class SourcePlate:
    """A labelled object: a plate, or something else, as its class name says."""

    shape: Shape | None
    """None where it fills the picture."""
    class_name: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What else the tool keeps of it: `text`, `description`, `legible` …"""


@dataclass(frozen=True)
class SourceImage:
    """A picture and what is labelled in it."""

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
    """What happened to one label or picture."""

    where: str
    """File, and line or number in it."""
    reason: str
    """The same words for every label of the kind."""
    detail: str = ""
    """What was found there."""


@dataclass
class Notes:
    """What was guessed, and what was left out, with the reason."""

    guesses: list[Note] = field(default_factory=list)
    omissions: list[Note] = field(default_factory=list)

    def guessed(self, where: object, reason: str, detail: object = "") -> None:
        """Note a label that was taken with an assumption."""
        self.guesses.append(Note(str(where), reason, str(detail)))

    def left_out(self, where: object, reason: str, detail: object = "") -> None:
        """Note a picture or label that wasn't taken."""
        self.omissions.append(Note(str(where), reason, str(detail)))

    def attempt(
        self, where: object, make: Callable[Given, Made], *args: Given.args, **more: Given.kwargs
    ) -> Made | None:
        """What `make` returns; None, and a note, where the file or label isn't as its format has it."""
        try:
            return make(*args, **more)
        except BROKEN as error:
            detail = f"no {error}" if isinstance(error, KeyError) else str(error) or repr(error)
            self.left_out(where, "the label can't be read", detail)
            return None
