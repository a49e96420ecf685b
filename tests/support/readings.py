"""Readings and frames out of nothing, for tests of what comes after the networks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from tests.support.golden import tinyland

from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Floats, Quad
from lpr_edge.contract.rows import Character
from lpr_edge.text.decoding import PlateDecoder
from lpr_edge.text.grammar import Grammar
from lpr_edge.tracking.tracker import GAP, Accepts, Tracker
from lpr_edge.vision.plates import FoundPlate, PlateReading, Reading

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
GRAMMAR = Grammar(tinyland.tinyland())
LABELS = GRAMMAR.country.labels


def new_tracker(gap: timedelta = GAP, accepts: Accepts = lambda _: True) -> Tracker:
    return Tracker(PlateDecoder(LABELS, GRAMMAR), gap, accepts)


def quad_at(x: float, y: float = 50.0) -> Quad:
    return np.array([[x, y], [x + 60, y], [x + 60, y + 20], [x, y + 20]], np.float32)


def scores_for(label: str, score: float) -> Floats:
    """A network's scores for a label, the rest spread over the others."""
    scores = np.full(len(LABELS), (1 - score) / (len(LABELS) - 1), np.float32)
    scores[LABELS.index(label)] = score
    return scores


def plate(text: str, x: float = 50.0, score: float = 0.9, y: float = 50.0) -> PlateReading:
    """A plate that reads as a text, at a place."""
    return plate_of(text, [score] * len(text), x, y)


def plate_of(text: str, scores: Sequence[float], x: float = 50.0, y: float = 50.0) -> PlateReading:
    """The same, some characters surer than others."""
    row = tuple(
        Character(label, score, 1.0, (i + 0.5) / len(text), 0.5, 0.1, 0.5, scores_for(label, score))
        for i, (label, score) in enumerate(zip(text, scores, strict=True))
    )
    reading = Reading((row,), GRAMMAR.parse(list(text)), quad_at(x, y))
    return PlateReading(FoundPlate(reading.quad_xy, 0.9, (1.0, 0.0, 0.0, 0.0)), reading)


def frame(index: int, fps: float = 10.0, age_ms: float | None = None) -> Frame:
    """A black frame of a clip."""
    image = np.zeros((120, 200, 3), np.uint8)
    return Frame(image, "clip.mp4", index, START + timedelta(seconds=index / fps), age_ms)


def sized_plate(text: str, x: float, y: float, width: float) -> PlateReading:
    """A plate of another width, three times as wide as high, its middle at a place."""
    whole = plate(text)
    half = np.array([width / 2, width / 6], np.float32)
    quad = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * half + np.array([x, y], np.float32)
    return PlateReading(FoundPlate(quad, 0.9, (1.0, 0.0, 0.0, 0.0)), replace(whole.reading, quad_xy=quad))
