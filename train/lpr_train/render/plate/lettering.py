"""Layout of characters: rows share the plate's height, characters share a row's width, painted irregularly."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_train.render.draw.chance import pick
from lpr_train.render.draw.shapes import PAINT, Glyph
from lpr_train.render.plate.composing import Row, Sign
from lpr_train.render.plate.glyphs import GlyphBook, Hand
from lpr_train.render.plate.style import Area


@dataclass(frozen=True)
class CharacterBox:
    """Position of a label in an image."""

    label: str
    row: int
    x: float
    """Left edge in pixels."""
    y: float
    """Top edge in pixels."""
    w: float
    h: float


@dataclass(frozen=True)
class _Piece:
    sign: Sign
    glyph: Glyph | None
    width: float
    """In heights of the row's body."""


@dataclass(frozen=True)
class _Line:
    pieces: tuple[_Piece, ...]
    height: float
    """Of the body, in pixels."""
    top: float
    """Of the body, in pixels."""


def letter(
    size_hw: tuple[int, int],
    area: Area,
    rows: Sequence[Row],
    scale: Sequence[float],
    glyphs: GlyphBook,
    hand: Hand,
    rng: np.random.Generator,
) -> tuple[Image, list[CharacterBox]]:
    """Paint rows of characters into an area.

    Returns:
        The paint's mask (*size_hw,) uint8, and the labels' boxes row by row from left to right.
    """
    canvas = np.zeros(size_hw, np.uint8)
    gap = rng.uniform(0.0, 0.1)
    fills_body = rng.random() < 0.75
    pieces = [tuple(_piece(sign, glyphs, hand, rng, fills_body) for sign in row) for row in rows]
    boxes: list[CharacterBox] = []
    for index, line in enumerate(_share_height(pieces, scale, area, gap, rng)):
        boxes.extend(_paint_line(canvas, line, index, area, rng))
    return canvas, boxes


def _piece(sign: Sign, glyphs: GlyphBook, hand: Hand, rng: np.random.Generator, fills_body: bool) -> _Piece:
    if not sign.is_label:
        widths = {" ": rng.uniform(0.15, 0.6), "-": rng.uniform(0.25, 0.45)}
        return _Piece(sign, None, widths.get(sign.text, rng.uniform(0.14, 0.3)))
    glyph = glyphs.sample(sign.painted, rng, hand)
    if fills_body and not sign.shown and glyph.top > -0.15 and glyph.bottom < 1.15:
        glyph = Glyph(glyph.mask)
    return _Piece(sign, glyph, glyph.aspect * rng.uniform(0.92, 1.08))


def _share_height(
    pieces: Sequence[tuple[_Piece, ...]], scale: Sequence[float], area: Area, gap: float, rng: np.random.Generator
) -> list[_Line]:
    """Assign each row its height: bodies by scale, and room for what is above and below them."""
    bodies = [share * rng.uniform(0.85, 1.2) for share in scale]
    above = [max(0.0, -min((p.glyph.top for p in row if p.glyph), default=0.0)) for row in pieces]
    below = [max(0.0, max((p.glyph.bottom for p in row if p.glyph), default=1.0) - 1) for row in pieces]
    # Signs above the head line may reach into the row's gap, but never out of the plate.
    squeeze = [1.0] + [0.5] * (len(bodies) - 1)
    needs = [b * (1 + a * s + u) for b, a, s, u in zip(bodies, above, squeeze, below, strict=True)]
    unit = area.h / (sum(needs) + gap * (len(bodies) - 1))
    lines, top = [], area.y
    for row, body, need, up, room in zip(pieces, bodies, needs, above, squeeze, strict=True):
        lines.append(_Line(row, body * unit, top + body * unit * up * room))
        top += (need + gap) * unit
    return lines


def _paint_line(canvas: Image, line: _Line, index: int, area: Area, rng: np.random.Generator) -> list[CharacterBox]:
    spacing = rng.uniform(-0.01, 0.16) * line.height
    natural = sum(piece.width for piece in line.pieces) * line.height
    gaps = len(line.pieces) - 1
    wanted = area.w * rng.uniform(0.72, 1.0)
    stretch = float(np.clip((wanted - spacing * gaps) / natural, 0.4, pick(rng, [1.1, 1.5, 2.0])))
    line, shrink = _lowered(line, stretch, rng)
    squeeze = min(1.0, area.w / (natural * stretch + max(0.0, spacing * gaps)))
    stretch, step = stretch * squeeze / shrink, spacing * squeeze
    left_over = area.w - natural * shrink * stretch - step * gaps
    step += pick(rng, [0.0, 0.7], [0.67, 0.33]) * max(0.0, left_over) / max(1, len(line.pieces))
    used = natural * shrink * stretch + step * gaps
    x = area.x + (area.w - used) * float(np.clip(rng.normal(0.5, 0.12), 0, 1))
    boxes = []
    for piece in line.pieces:
        width = piece.width * line.height * stretch
        box = _paint_piece(canvas, piece, x, width, line, index, rng)
        boxes.extend([box] if box else [])
        x += width + step
    return boxes


def _lowered(line: _Line, stretch: float, rng: np.random.Generator) -> tuple[_Line, float]:
    """Reduce the height of characters that would become too narrow; the second result is the factor."""
    narrowest = rng.uniform(0.5, 0.9)
    if stretch >= narrowest:
        return line, 1.0
    factor = max(0.6, stretch / narrowest)
    return _Line(line.pieces, line.height * factor, line.top + line.height * (1 - factor) / 2), factor


def _paint_piece(
    canvas: Image, piece: _Piece, x: float, width: float, line: _Line, index: int, rng: np.random.Generator
) -> CharacterBox | None:
    if piece.glyph is None:
        _paint_mark(canvas, piece.sign.text, x, width, line, rng)
        return None
    shake = rng.normal(0, 0.015, 2) * line.height
    top = line.top + piece.glyph.top * line.height + shake[0]
    height = (piece.glyph.bottom - piece.glyph.top) * line.height + shake[1]
    x, top, width, height = stamp(canvas, piece.glyph.mask, x, top, width, height)
    return CharacterBox(piece.sign.text, index, x, top, width, height)


def stamp(canvas: Image, mask: Image, x: float, y: float, w: float, h: float) -> tuple[float, float, float, float]:
    """Paint a shape into a box of a mask, in place; a box partly outside is moved inside.

    Returns:
        The box in whole pixels: x, y, width, height.
    """
    width, height = (int(np.clip(round(side), 2, full)) for side, full in ((w, canvas.shape[1]), (h, canvas.shape[0])))
    left = int(np.clip(round(x), 0, canvas.shape[1] - width))
    top = int(np.clip(round(y), 0, canvas.shape[0] - height))
    shape = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    window = canvas[top : top + height, left : left + width]
    np.maximum(window, shape, out=window)
    return float(left), float(top), float(width), float(height)


def _paint_mark(canvas: Image, mark: str, x: float, width: float, line: _Line, rng: np.random.Generator) -> None:
    """Paint a dot at the baseline, a dot at half height, or a dash."""
    if mark == " ":
        return
    radius = max(1.0, line.height * rng.uniform(0.05, 0.1))
    centre = x + width / 2
    if mark == "-":
        y, half = line.top + line.height * rng.uniform(0.4, 0.6), width * 0.4
        top_left, bottom_right = (centre - half, y - radius * 0.6), (centre + half, y + radius * 0.6)
        cv2.rectangle(canvas, _whole(*top_left), _whole(*bottom_right), PAINT, -1)
        return
    y = line.top + line.height * (0.9 if mark == "." else 0.5) + rng.normal(0, 0.03) * line.height
    axes = (max(1, round(radius * rng.uniform(0.8, 1.3))), max(1, round(radius * rng.uniform(0.8, 1.3))))
    cv2.ellipse(canvas, _whole(centre, y), axes, 0, 0, 360, PAINT, -1, cv2.LINE_AA)


def _whole(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)


def shake_field(size_hw: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Displacement of each point by shaking, slant and bent lines: (H, W, 2) pixels x, y."""
    height, width = size_hw
    cells = rng.standard_normal((5, 8, 2), np.float32) * height * rng.uniform(0.002, 0.012)
    field = cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR)
    from_middle = np.linspace(0.5, -0.5, height, dtype=np.float32)[:, None]
    along = np.linspace(-1, 1, width, dtype=np.float32)
    slant = rng.normal(0, 0.12) if rng.random() < 0.35 else 0.0
    bend = rng.normal(0, 0.05) if rng.random() < 0.1 else 0.0
    shifts = [field[..., 0] + slant * height * from_middle, field[..., 1] + bend * height * (along**2 - 0.5)]
    return np.asarray(np.stack(shifts, axis=2), np.float32)


def move_mask(mask: Image, field: Floats) -> Image:
    """Displace each point of a mask (H, W) by a field (H, W, 2) in pixels."""
    height, width = mask.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(cv2.remap(mask, x - field[..., 0], y - field[..., 1], cv2.INTER_LINEAR), np.uint8)


def move_box(box: CharacterBox, field: Floats) -> CharacterBox:
    """Displace a box as the field displaces its centre, and clip it to the image."""
    height, width = field.shape[:2]
    middle = min(height - 1, int(box.y + box.h / 2)), min(width - 1, int(box.x + box.w / 2))
    dx, dy = (float(shift) for shift in field[middle])
    left, right = np.clip([box.x + dx, box.x + box.w + dx], 0, width)
    top, bottom = np.clip([box.y + dy, box.y + box.h + dy], 0, height)
    return CharacterBox(box.label, box.row, float(left), float(top), float(right - left), float(bottom - top))


def stroke_weight(mask: Image, rng: np.random.Generator) -> Floats:
    """Vary the thickness of strokes and the softness of their edges; (h, w) float32 0..1."""
    if rng.random() < 0.3:
        # A flat brush, held upright or lying, makes strokes of one direction thicker than those of the other.
        tip = 1 + round(mask.shape[0] * rng.uniform(0.008, 0.03))
        mask = np.asarray(cv2.dilate(mask, np.ones(pick(rng, [(1, tip), (tip, 1)], [0.75, 0.25]), np.uint8)), np.uint8)
    spread = mask.shape[0] * rng.uniform(0.003, 0.014)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.4, spread)).astype(np.float32)
    level, steep = rng.uniform(70, 165), rng.uniform(1.5, 4)
    return np.asarray(np.clip((soft - level) * (steep / 255) + 0.5, 0, 1), np.float32)


def stamp_cut(canvas: Image, mask: Image, x: float, y: float, w: float, h: float) -> None:
    """Paint a shape into a box of a mask, in place; parts outside are cut off."""
    width, height, left, top = max(2, round(w)), max(2, round(h)), round(x), round(y)
    shape = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    rows = slice(max(0, top), min(canvas.shape[0], top + height))
    columns = slice(max(0, left), min(canvas.shape[1], left + width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    window = canvas[rows, columns]
    np.maximum(
        window, shape[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left], out=window
    )
