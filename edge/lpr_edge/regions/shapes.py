"""Region, line and tiles of a frame, as settings have them; light to import, as every command reads its settings."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from lpr_edge.contract.base.units import TextValue, require_text

if TYPE_CHECKING:
    from lpr_edge.contract.base.arrays import Floats

Point = tuple[float, float]
"""x and y in shares of the frame's width and height."""


@dataclass(frozen=True)
class Region(TextValue):
    """The region of interest (ROI): a polygon of the frame in which plates count."""

    corners: tuple[Point, ...]

    @classmethod
    def parse(cls, text: str, key: str) -> Self:
        """A polygon of three or more corners, such as `0.1,0.5 0.9,0.5 0.9,1 0.1,1`; see `TextValue`."""
        corners = _points(text)
        is_polygon = len(corners) >= 3 and _area(corners) > 0
        require_text(
            is_polygon, key, text, "at least three corners x,y from 0 to 1, such as 0.1,0.5 0.9,0.5 0.9,1 0.1,1"
        )
        return cls(corners)

    def __str__(self) -> str:
        return _written(self.corners)

    @property
    def corners_xy(self) -> "Floats":
        """(corners, 2) float32 in shares of width and height."""
        return _array(self.corners)


@dataclass(frozen=True)
class Line(TextValue):
    """A line that vehicles cross."""

    ends: tuple[Point, ...]
    """Two points."""

    @classmethod
    def parse(cls, text: str, key: str) -> Self:
        """Two ends that differ, such as `0,0.6 1,0.6`; see `TextValue`."""
        values = re.split(r"[,\s]+", text.strip())
        ends = _points(" ".join(map(",".join, zip(values[::2], values[1::2], strict=False))))
        is_line = len(values) == 4 and len(set(ends)) == 2
        require_text(is_line, key, text, "two points x,y from 0 to 1 that differ, such as 0,0.6 1,0.6")
        return cls(ends)

    def __str__(self) -> str:
        return _written(self.ends)

    @property
    def ends_xy(self) -> "Floats":
        """(2, 2) float32 in shares of width and height."""
        return _array(self.ends)


@dataclass(frozen=True)
class Tiling(TextValue):
    """Whether and how large frames are looked at in tiles."""

    is_on: bool = True
    grid: tuple[int, int] | None = None
    """Columns and rows; None to follow the frame's size."""

    @classmethod
    def parse(cls, text: str, key: str) -> Self:
        """`auto`, `off`, or columns and rows such as `4x3`; see `TextValue`."""
        match = re.fullmatch(r"([1-9]\d?)x([1-9]\d?)", text)
        is_known = match is not None or text in ("auto", "off")
        require_text(is_known, key, text, "auto, off, or columns and rows such as 4x3")
        return cls(is_on=text != "off", grid=(int(match[1]), int(match[2])) if match else None)

    def __str__(self) -> str:
        if not self.is_on:
            return "off"
        return f"{self.grid[0]}x{self.grid[1]}" if self.grid else "auto"


TILES_AUTO, TILES_OFF = Tiling(), Tiling(is_on=False)


def _points(text: str) -> tuple[Point, ...]:
    """Points x,y with a space between two; none where one of them isn't one, or lies outside of the frame."""
    try:
        points = tuple((float(x), float(y)) for x, y in (point.split(",") for point in text.split()))
    except ValueError:
        return ()
    return points if all(0 <= share <= 1 for point in points for share in point) else ()


def _written(points: tuple[Point, ...]) -> str:
    return " ".join(",".join(repr(share).removesuffix(".0") for share in point) for point in points)


def _array(points: tuple[Point, ...]) -> "Floats":
    """(points, 2) float32."""
    import numpy as np  # the settings are read where no frame is, too

    return np.array(points, np.float32)


def _area(corners: tuple[Point, ...]) -> float:
    """Of a polygon, by the shoelace formula."""
    following = (*corners[1:], corners[0])
    doubled = sum(x * y2 - x2 * y for (x, y), (x2, y2) in zip(corners, following, strict=True))
    return round(abs(doubled) / 2, 9)
