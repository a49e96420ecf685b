"""A sign painter's alphabet: strokes of a brush, and the block letters of a stencil."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import parse_toml, read_text
from lpr_train.render.draw.shapes import PAINT, SHAPE_HEIGHT, Glyph, tight

ALPHABETS = Path(__file__).parent / "alphabets"
"""Of lpr-train's own, a file each."""
MARGIN = 30
"""Empty pixels round a drawing, so that a thick brush stays inside."""


@dataclass(frozen=True)
class Brush:
    """Stroke width of a brush, in fractions of the character's height."""

    round: float
    """Diameter of the tip."""
    flat: float
    """Width of a flat tip; 0 for a round brush."""
    angle: float
    """The flat tip's direction in degrees, clockwise from the x axis."""


BRUSHES = (
    Brush(0.13, 0.0, 0),
    Brush(0.18, 0.0, 0),
    Brush(0.2, 0.0, 0),
    Brush(0.07, 0.17, -35),
    Brush(0.08, 0.22, -20),
    Brush(0.09, 0.2, 0),
    Brush(0.09, 0.24, 0),
    Brush(0.05, 0.2, 30),
)


@lru_cache(maxsize=4)
def _alphabet(name: str) -> dict[str, Any]:
    own = ALPHABETS / f"{name}.toml"
    path = own if own.exists() else Path(name)
    try:
        values = parse_toml(read_text(path))
    except (OSError, ValueError) as error:
        known = ", ".join(sorted(file.stem for file in ALPHABETS.glob("*.toml")))
        raise LprError(f"no painted alphabet {name!r} ({error}): known are {known}; or give a TOML file") from error
    return {"strokes": {}, "blocks": {}} | values


class PaintedSource:
    """Shapes painted with one brush; each variant is another attempt by the same painter."""

    weight = 2.2
    variants = 12

    def __init__(self, alphabet: str, brush: Brush) -> None:
        self.alphabet = alphabet
        self.brush = brush

    def draws(self, label: str) -> bool:
        """Whether the alphabet has the label."""
        return label in _alphabet(self.alphabet)["strokes"]

    def glyph(self, label: str, variant: int) -> Glyph:
        """Paint the label."""
        return _painted(self.alphabet, self.brush, label, variant)


class BlockSource:
    """Shapes of a stencil's bars, for labels that the alphabet defines as cells."""

    weight = 2.2
    variants = 8

    def __init__(self, alphabet: str) -> None:
        self.alphabet = alphabet

    def draws(self, label: str) -> bool:
        """Whether the alphabet has the label as cells."""
        return label in _alphabet(self.alphabet)["blocks"]

    def glyph(self, label: str, variant: int) -> Glyph:
        """Draw the label."""
        rng = _own_rng(label, variant)
        cells = (
            np.array([[cell == "#" for cell in row] for row in _alphabet(self.alphabet)["blocks"][label]], np.uint8)
            * 255
        )
        columns, rows = _uneven(rng, cells.shape[1], 88), _uneven(rng, cells.shape[0], SHAPE_HEIGHT)
        mask = cells.repeat(columns, axis=1).repeat(rows, axis=0)
        soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(1, 4.5)))
        return Glyph(tight(np.asarray(cv2.threshold(soft, 127, 255, cv2.THRESH_BINARY)[1], np.uint8))[0])


@lru_cache(maxsize=8192)
def _painted(alphabet: str, brush: Brush, label: str, variant: int) -> Glyph:
    rng = _own_rng(label, variant)
    shapes = _alphabet(alphabet)["strokes"][label]
    strokes = [np.array(points, np.float32) for points in shapes[variant % len(shapes)]]
    width = SHAPE_HEIGHT * rng.uniform(0.72, 1.2)
    canvas = np.zeros((SHAPE_HEIGHT + 2 * MARGIN, int(width) + 2 * MARGIN), np.uint8)
    for points in _wobble(strokes, rng):
        _paint(canvas, smooth(points) * (width, SHAPE_HEIGHT) + MARGIN, brush)
    return Glyph(tight(canvas)[0])


def painted_sources(alphabet: str) -> list[PaintedSource | BlockSource]:
    """Make a source for each brush, and one for the stencil.

    Raises:
        LprError: there is no such alphabet.
    """
    _alphabet(alphabet)
    return [*(PaintedSource(alphabet, brush) for brush in BRUSHES), BlockSource(alphabet)]


def _own_rng(label: str, variant: int) -> np.random.Generator:
    """A random generator for each shape, so that the order of drawing doesn't matter."""
    return np.random.default_rng([zlib.crc32(label.encode()), variant])


def _uneven(rng: np.random.Generator, count: int, total: int) -> Any:
    """Divide `total` pixels into `count` cells of slightly different widths."""
    shares = rng.uniform(0.7, 1.3, count)
    edges = np.round(np.cumsum(shares) / shares.sum() * total).astype(int)
    return np.diff(edges, prepend=0)


def _wobble(strokes: Sequence[Floats], rng: np.random.Generator) -> list[Floats]:
    """Displace every point slightly; equal points stay equal."""
    shear = rng.normal(0, 0.05)
    moved = []
    for points in strokes:
        points = points + rng.normal(0, 0.018, points.shape).astype(np.float32)
        points[:, 0] += shear * (0.5 - points[:, 1])
        moved.append(np.asarray(points, np.float32))
    return moved


def smooth(points: Floats, steps: int = 10) -> Floats:
    """Catmull-Rom curve through the points (n, 2); closed if the first and last points are equal."""
    if len(points) < 3:
        return points
    closed = np.abs(points[0] - points[-1]).max() < 0.12
    before, after = (points[-2], points[1]) if closed else (points[0], points[-1])
    padded = np.vstack([before, points[:-1], points[:1] if closed else points[-1:], after])
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    pieces = [_piece(padded[i : i + 4], t) for i in range(len(padded) - 3)]
    return np.asarray(np.vstack([*pieces, padded[-2:-1]]), np.float32)


def _piece(p: Floats, t: Floats) -> Floats:
    """Curve between p[1] and p[2] for t in 0..1 (Catmull and Rom 1974)."""
    straight = p[2] - p[0]
    bent = 2 * p[0] - 5 * p[1] + 4 * p[2] - p[3]
    twisted = 3 * p[1] - p[0] - 3 * p[2] + p[3]
    return np.asarray(p[1] + (straight * t + bent * t**2 + twisted * t**3) / 2, np.float32)


def _paint(canvas: Image, path: Floats, brush: Brush) -> None:
    """Draw along a path (n, 2) in pixels, in place."""
    thickness = max(1, round(brush.round * SHAPE_HEIGHT))
    if not brush.flat:
        _draw_line(canvas, path, thickness)
        return
    angle = np.deg2rad(brush.angle)
    tip = np.array([np.cos(angle), np.sin(angle)], np.float32) * (brush.flat * SHAPE_HEIGHT / 2)
    for start, end in pairwise(path):
        corners = np.stack([start - tip, start + tip, end + tip, end - tip])
        cv2.fillConvexPoly(canvas, cv2.convexHull(np.round(corners).astype(np.int32)), PAINT)
    _draw_line(canvas, path - tip, thickness)
    _draw_line(canvas, path + tip, thickness)


def _draw_line(canvas: Image, path: Floats, thickness: int) -> None:
    cv2.polylines(canvas, [np.round(path * 16).astype(np.int32)], False, PAINT, thickness, cv2.LINE_AA, 4)
