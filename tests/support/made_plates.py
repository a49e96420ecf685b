"""Photographs of Tinyland on disk, and readings out of nothing, for the benchmarks' tests."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from tests.support.golden import tinyland

from lpr_bench.accuracy.reliability import ScoredReading
from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.rows import Character
from lpr_edge.text.grammar import Grammar
from lpr_edge.vision.plates import Reading

GRAMMAR = Grammar(tinyland.tinyland())
LABELS = GRAMMAR.country.labels
QUAD: Quad = np.array([[10, 10], [110, 10], [110, 60], [10, 60]], np.float32)


def write_streets(folder: Path, count: int, split: str, seed: int = 1, first: int = 0) -> Path:
    """Add labelled streets with a plate each to a data folder."""
    rng = np.random.default_rng(seed)
    plates = folder / "plates"
    (plates / "images").mkdir(parents=True, exist_ok=True)
    with (plates / "labels.jsonl").open("a", encoding="utf-8") as file:
        for number in range(first, first + count):
            scene = tinyland.draw_scene(tinyland.random_rows(rng), rng)
            name = f"{split}{number}.png"
            cv2.imwrite(str(plates / "images" / name), scene.image_bgr)
            quad, rows = scene.plates[0]
            plate = {"quad": quad.tolist(), "rows": list(rows), "legible": "full", "kind": "own"}
            line = {"image": name, "width": 320, "height": 240, "split": split, "source": "made", "plates": [plate]}
            file.write(json.dumps(line) + "\n")
    return folder


def scored(text: str, truth: str, score: float, image: str = "a.jpg", spread: Sequence[float] = ()) -> ScoredReading:
    """A reading with one score, and whether it is the truth; `spread` gives each label's score instead."""
    scores = np.full(len(LABELS), (1 - score) / (len(LABELS) - 1), np.float32)
    row = tuple(
        Character(label, score, 1.0, 0.1 * place, 0.5, 0.1, 0.5, np.array(spread or _peaked(scores, label, score)))
        for place, label in enumerate(text)
    )
    reading = Reading((row,), GRAMMAR.parse(list(text)), QUAD)
    return ScoredReading(image, reading, text == truth, PlateLabel(QUAD, (truth,), "full", "own", "car"))


def _peaked(scores: np.ndarray, label: str, score: float) -> np.ndarray:  # type: ignore[type-arg]
    peaked = scores.copy()
    peaked[LABELS.index(label)] = score
    return peaked
