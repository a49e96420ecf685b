"""Simple drawings of vehicles from behind and from the front, with slots for their plates."""

from collections.abc import Callable

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_train.render.draw.chance import pick
from lpr_train.render.draw.sketch import Colour, Sketch, Slot, slot

Vehicle = Callable[[Sketch, np.random.Generator], list[Slot]]


def paint(rng: np.random.Generator) -> Floats:
    """Random body colour, BGR: black, white, silver, red, blue or any."""
    usual = np.array(
        [[25, 25, 28], [230, 230, 230], [150, 150, 150], [35, 30, 170], [150, 60, 25], [60, 60, 60]], np.float32
    )
    if rng.random() < 0.25:
        return muted(rng)
    return np.asarray(usual[int(rng.integers(len(usual)))] * rng.uniform(0.6, 1.1), np.float32)


def muted(rng: np.random.Generator) -> Floats:
    """Random colour of a street, BGR: most are greyish, few are saturated."""
    grey, loudness = rng.uniform(25, 220), pick(rng, [10.0, 28.0, 65.0], [0.5, 0.35, 0.15])
    return np.asarray(np.clip(grey + rng.normal(0, loudness, 3), 0, 255), np.float32)


def _dark(rng: np.random.Generator, most: float = 60) -> Floats:
    return np.asarray(rng.uniform(8, most) + rng.normal(0, 3, 3), np.float32)


def _lamp(sketch: Sketch, x: float, y: float, rx: float, ry: float, colour: Colour, rng: np.random.Generator) -> None:
    """Draw a lamp's glass with its rim and highlight."""
    sketch.oval(x, y, rx * 1.15, ry * 1.15, _dark(rng))
    sketch.oval(x, y, rx, ry, colour)
    bright = np.clip(np.asarray(colour, np.float32) * 1.3 + 40, 0, 255)
    sketch.oval(x - rx * 0.3, y - ry * 0.3, rx * 0.4, ry * 0.4, bright)


def _machinery(sketch: Sketch, rng: np.random.Generator, count: int) -> None:
    """Draw pipes, struts and covers in black and metal, densest around the middle."""
    for _ in range(count):
        x, y = rng.normal(0.5, 0.17), rng.uniform(0.1, 0.95)
        reach = rng.uniform(0.03, 0.22)
        tone = _dark(rng, 90) if rng.random() < 0.65 else muted(rng)
        if rng.random() < 0.5:
            sketch.line(
                (x, y), (x + rng.normal(0, reach), y + rng.normal(0, reach * 0.6)), rng.uniform(0.008, 0.05), tone
            )
        else:
            corners = np.array([x, y]) + rng.normal(0, 1, (4, 2)) * (reach * 0.6, reach * 0.3)
            sketch.polygon(cv2.convexHull(corners.astype(np.float32))[:, 0], tone)


def _rider(sketch: Sketch, rng: np.random.Generator) -> None:
    """Draw a rider: a back, two legs, and feet on both sides."""
    cloth, trousers = muted(rng), muted(rng) * 0.6
    sketch.polygon([[0.22, -0.5], [0.78, -0.5], [0.84, 0.08], [0.16, 0.08]], cloth)
    for side in (-1, 1):
        knee, foot = 0.5 + side * rng.uniform(0.36, 0.5), 0.5 + side * rng.uniform(0.38, 0.52)
        sketch.line((0.5 + side * 0.26, 0.05), (knee, 0.42), 0.17, trousers)
        sketch.line((knee, 0.42), (foot, 0.85), 0.13, trousers)
        sketch.oval(foot, 0.9, 0.1, 0.03, _dark(rng))


def _ground_shadow(sketch: Sketch, rng: np.random.Generator) -> None:
    """Draw the shadow below the vehicle."""
    shift = rng.normal(0, 0.1)
    for reach in (0.62, 0.5):
        sketch.darken(0.5 + shift, 0.98, reach, 0.05, 0.75)


def _red(rng: np.random.Generator) -> Floats:
    return np.array([rng.uniform(15, 60), rng.uniform(10, 50), rng.uniform(110, 235)], np.float32)


def _orange(rng: np.random.Generator) -> Floats:
    return np.array([rng.uniform(10, 60), rng.uniform(90, 150), rng.uniform(190, 250)], np.float32)


def motorbike_rear(sketch: Sketch, rng: np.random.Generator) -> list[Slot]:
    """Draw seat, lamp, indicators, mudguard and tyre; the plate is below the lamp."""
    body, dark = paint(rng), _dark(rng)
    _ground_shadow(sketch, rng)
    if rng.random() < 0.25:
        _rider(sketch, rng)
    sketch.box(0.4, 0.55, 0.6, 1.0, _dark(rng, 40))
    sketch.oval(0.5, 0.98, 0.1, 0.05, _dark(rng, 40))
    _machinery(sketch, rng, int(rng.integers(4, 18)))
    if rng.random() < 0.6:
        side = pick(rng, [0.25, 0.75])
        sketch.line((side, 0.55), (side + rng.normal(0, 0.04), 0.85), 0.09, rng.uniform(90, 200, 3))
    if rng.random() < 0.5:
        for side in (-1, 1):
            sketch.line((0.5 + side * 0.12, 0.3), (0.5 + side * 0.48, 0.06), 0.03, dark)
            sketch.oval(0.5 + side * 0.46, 0.05, 0.09, 0.035, dark)
    sketch.polygon([[0.3, 0.32], [0.7, 0.32], [0.62, 0.8], [0.38, 0.8]], dark)
    sketch.polygon([[0.2, 0.12], [0.8, 0.12], [0.72, 0.3], [0.6, 0.36], [0.4, 0.36], [0.28, 0.3]], body)
    sketch.oval(0.5, 0.1, rng.uniform(0.2, 0.34), rng.uniform(0.05, 0.1), _dark(rng))
    for side in (-1, 1):
        sketch.line((0.5, 0.34), (0.5 + side * 0.33, 0.35), 0.025, dark)
        _lamp(sketch, 0.5 + side * 0.36, 0.35, 0.06, 0.03, _orange(rng), rng)
    _lamp(sketch, 0.5, rng.uniform(0.22, 0.3), rng.uniform(0.1, 0.2), rng.uniform(0.03, 0.06), _red(rng), rng)
    if rng.random() < 0.4:
        sketch.oval(0.5, rng.uniform(0.66, 0.74), 0.04, 0.018, _red(rng))
    return [slot(sketch, 0.5, rng.uniform(0.42, 0.54), rng.uniform(0.4, 0.66), 0.2)]


def motorbike_front(sketch: Sketch, rng: np.random.Generator) -> list[Slot]:
    """Draw headlamp, fork, handlebar and tyre; the plate is across the fork or on the mudguard."""
    body, dark = paint(rng), _dark(rng)
    _ground_shadow(sketch, rng)
    if rng.random() < 0.4:
        _rider(sketch, rng)
    sketch.box(0.43, 0.5, 0.57, 1.0, _dark(rng, 40))
    _machinery(sketch, rng, int(rng.integers(3, 14)))
    for side in (-1, 1):
        sketch.line((0.5 + side * 0.1, 0.3), (0.5 + side * 0.1, 0.85), 0.05, rng.uniform(60, 190, 3))
        sketch.line((0.5 + side * 0.1, 0.2), (0.5 + side * 0.45, 0.15), 0.04, dark)
        sketch.line((0.5 + side * 0.3, 0.16), (0.5 + side * 0.4, 0.02), 0.02, dark)
        sketch.oval(0.5 + side * 0.42, 0.03, 0.08, 0.035, dark)
        _lamp(sketch, 0.5 + side * 0.28, 0.32, 0.05, 0.022, _orange(rng), rng)
    sketch.polygon([[0.3, 0.15], [0.7, 0.15], [0.64, 0.4], [0.5, 0.46], [0.36, 0.4]], body)
    _lamp(sketch, 0.5, 0.26, rng.uniform(0.1, 0.17), rng.uniform(0.05, 0.09), rng.uniform(150, 245, 3), rng)
    sketch.polygon([[0.4, 0.55], [0.6, 0.55], [0.62, 0.72], [0.38, 0.72]], body)
    return [slot(sketch, 0.5, pick(rng, [0.45, 0.5, 0.1]), rng.uniform(0.4, 0.6), 0.1)]


def car(sketch: Sketch, rng: np.random.Generator) -> list[Slot]:
    """Draw a car's front or back: roof, windows, lamps, grille, bumper, wheels; a plate at the bumper."""
    body, is_front = paint(rng), rng.random() < 0.5
    roof = rng.uniform(0.12, 0.25)
    sketch.oval(0.5, 0.97, 0.52, 0.06, _dark(rng, 40))
    for side in (0.08, 0.77):
        sketch.box(side, 0.72, side + 0.15, 1.0, _dark(rng, 35))
    sketch.polygon([[roof, 0.05], [1 - roof, 0.05], [0.96, 0.42], [1.0, 0.85], [0.0, 0.85], [0.04, 0.42]], body)
    glass = rng.uniform(25, 120, 3)
    sketch.polygon([[roof + 0.05, 0.1], [0.95 - roof, 0.1], [0.88, 0.4], [0.12, 0.4]], glass)
    if rng.random() < 0.6:
        sketch.polygon([[roof + 0.05, 0.1], [0.5, 0.1], [0.3, 0.4], [0.12, 0.4]], glass * 1.35)
    lamp = rng.uniform(140, 240, 3) if is_front else _red(rng)
    for x in (0.13, 0.87):
        _lamp(sketch, x, rng.uniform(0.5, 0.56), rng.uniform(0.07, 0.11), rng.uniform(0.035, 0.07), lamp, rng)
    if is_front:
        sketch.box(0.28, 0.5, 0.72, 0.62, _dark(rng))
        for y in (0.53, 0.56, 0.59):
            sketch.line((0.28, y), (0.72, y), 0.008, rng.uniform(80, 200, 3))
    sketch.box(0.0, 0.72, 1.0, 0.9, body * rng.uniform(0.4, 1.0))
    sketch.line((0.05, 0.72), (0.95, 0.72), 0.008, _dark(rng))
    return [slot(sketch, rng.uniform(0.42, 0.58), rng.uniform(0.64, 0.8), rng.uniform(0.22, 0.36), 0.16)]


def bus(sketch: Sketch, rng: np.random.Generator) -> list[Slot]:
    """Draw a bus, van, truck or three-wheeler: a tall box with windows, stripes and lamps; one or two plates."""
    body, stripe = paint(rng), muted(rng)
    sketch.oval(0.5, 0.98, 0.5, 0.03, _dark(rng, 40))
    for side in (0.06, 0.78):
        sketch.box(side, 0.85, side + 0.16, 1.0, _dark(rng, 35))
    sketch.polygon([[0.06, 0.02], [0.94, 0.02], [1.0, 0.12], [1.0, 0.92], [0.0, 0.92], [0.0, 0.12]], body)
    if rng.random() < 0.75:
        sketch.box(0.08, 0.12, 0.92, rng.uniform(0.38, 0.48), rng.uniform(15, 110, 3))
        sketch.line((0.5, 0.12), (0.5, 0.4), 0.015, body)
    else:
        for x in np.linspace(0.05, 0.95, int(rng.integers(4, 9))):
            sketch.line((float(x), 0.08), (float(x), 0.7), 0.015, body * 0.6)
    for y in rng.uniform(0.5, 0.75, int(rng.integers(0, 4))):
        sketch.box(0.0, float(y), 1.0, float(y) + rng.uniform(0.01, 0.05), stripe)
    for x in (0.08, 0.92):
        _lamp(
            sketch,
            x,
            rng.uniform(0.68, 0.78),
            0.05,
            rng.uniform(0.03, 0.06),
            pick(rng, [_red(rng), _orange(rng)]),
            rng,
        )
    sketch.box(0.0, 0.86, 1.0, 0.93, _dark(rng, 120))
    places = [0.5] if rng.random() < 0.6 else [rng.uniform(0.16, 0.28), rng.uniform(0.72, 0.84)]
    y = rng.uniform(0.74, 0.88)
    return [slot(sketch, float(x), y, rng.uniform(0.16, 0.26), 0.13) for x in places]


VEHICLES: tuple[tuple[Vehicle, float, float], ...] = (
    (motorbike_rear, 0.55, 0.5),
    (motorbike_front, 0.55, 0.15),
    (car, 1.15, 0.2),
    (bus, 0.85, 0.15),
)
"""What to draw, its width over its height, and how often."""
