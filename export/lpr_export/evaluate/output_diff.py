"""Differences between a file's answers and float's, for the report: confusions, scores, pictures."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.run.model_types import MODEL_TYPES
from lpr_export.evaluate.gate import Row, Verdict
from lpr_export.evaluate.held_out import Case
from lpr_export.evaluate.task_metrics import TASK_METRICS
from lpr_export.evaluate.threshold_drift import FLOOR

MAX_PICTURES = 12
THUMBNAIL = 280
"""Maximum length of a picture's longer side in pixels."""
FLOAT_COLOUR, INT8_COLOUR, TRUE_COLOUR = (60, 160, 0), (30, 30, 220), (200, 120, 0)
"""BGR colours of a detector's corners; when two formats are compared, TFLite has float's colour."""
"""Kind of network -> the output with its scores."""


@dataclass(frozen=True)
class Example:
    """A picture with its ground truth and two answers."""

    name: str
    png: bytes
    truth: str
    answers: tuple[tuple[str, str], ...]
    """Name and answer of each: `float` and this file, or two formats."""
    is_changed: bool


def confusions(verdict: Verdict, row: Row) -> list[tuple[str, str, int]]:
    """(float's answer, this file's answer, count): parts of texts, or a detector's whole answers."""
    found: Counter[tuple[str, str]] = Counter()
    metrics = TASK_METRICS[row.subject.model.manifest.kind]
    for before, now in zip(verdict.rows[0].subject.answers, row.subject.answers, strict=True):
        if isinstance(before, tuple):
            found.update(_replaced(before, now))
        elif not metrics.same(before, now):
            found[metrics.show(before), metrics.show(now)] += 1
    return [(before, now, count) for (before, now), count in found.most_common()]


def _replaced(before: Sequence[str], now: Sequence[str]) -> list[tuple[str, str]]:
    """Changed parts of a text, as (before, now)."""
    lsb_differences = difflib.SequenceMatcher(None, before, now, autojunk=False).get_opcodes()
    return [("".join(before[a:b]), "".join(now[c:d])) for kind, a, b, c, d in lsb_differences if kind != "equal"]


def score_differences(verdict: Verdict, row: Row) -> Floats:
    """(N,) float32: this file's scores minus float's, where either is above `FLOOR`."""
    role = MODEL_TYPES[row.subject.model.manifest.kind].score_role
    pairs = zip(verdict.rows[0].subject.outputs(), row.subject.outputs(), strict=True)
    apart = [_apart(before[role], now[role]) for before, now in pairs]
    return np.concatenate(apart) if apart else np.zeros(0, np.float32)


def _apart(before: Floats, now: Floats) -> Floats:
    telling = np.maximum(before, now) >= FLOOR
    return np.asarray((now - before)[telling], np.float32)


def worst_examples(verdict: Verdict, row: Row) -> list[Example]:
    """The pictures to look at first: newly wrong ones, then changed answers, then the largest score differences."""
    reference, metrics = verdict.rows[0], TASK_METRICS[row.subject.model.manifest.kind]
    pairs = list(zip(reference.subject.answers, row.subject.answers, strict=True))
    different = [not metrics.same(before, now) for before, now in pairs]
    losses = [
        sum(after.costs[n] - before.costs[n] for before, after in zip(reference.measures, row.measures, strict=True))
        for n in range(len(pairs))
    ]
    scores = _largest_differences(verdict, row)
    order = sorted(range(len(pairs)), key=lambda n: (-losses[n], -different[n], -(scores[n] if n < len(scores) else 0)))
    names = ("float", "now")
    return [_example(verdict.held_out.cases[n], names, pairs[n], different[n], row) for n in order[:MAX_PICTURES]]


def _largest_differences(verdict: Verdict, row: Row) -> list[float]:
    role = MODEL_TYPES[row.subject.model.manifest.kind].score_role
    pairs = zip(verdict.rows[0].subject.outputs(), row.subject.outputs(), strict=True)
    return [float(np.abs(now[role] - before[role]).max()) for before, now in pairs]


def differing_examples(verdict: Verdict, row: Row) -> list[Example]:
    """Pictures for which this file and the TFLite file of its precision give different answers."""
    firsts = [one.subject for one in verdict.rows if one.subject.precision == row.subject.precision]
    first = next(subject for subject in firsts if subject.path.suffix == ".tflite")
    names = (str(first), str(row.subject))
    return [
        _example(verdict.held_out.cases[n], names, (first.answers[n], row.subject.answers[n]), True, row)
        for n in row.changed[:MAX_PICTURES]
    ]


def _example(case: Case, names: tuple[str, str], answers: tuple[Any, Any], is_changed: bool, row: Row) -> Example:
    card = row.subject.model.manifest
    if MODEL_TYPES[card.kind].finds_plates:
        picture = _with_corners(case, *answers)
        shown = [f"{len(answer)} plate(s)" for answer in answers]
        truth = f"{len(case.truth)} plate(s)"
    else:
        pixels = case.pixels(card)[0]
        picture = pixels[..., ::-1] if card.input.colour == "rgb" else pixels
        shown = [TASK_METRICS[card.kind].show(answer) for answer in answers]
        truth = "".join(case.truth)
    return Example(case.name, _png(picture), truth, tuple(zip(names, shown, strict=True)), is_changed)


def _with_corners(case: Case, before: Any, now: Any) -> Image:
    """Draw the true corners and both answers on a frame, at thumbnail size; (h, w, 3) uint8 BGR."""
    picture = case.load()
    if picture.ndim == 2 or picture.shape[2] == 1:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
    scale = min(1.0, 2 * THUMBNAIL / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    truth = [plate.quad_xy for plate in case.truth]
    for quads, colour in ((truth, TRUE_COLOUR), (before, FLOAT_COLOUR), (now, INT8_COLOUR)):
        for quad in quads:
            cv2.polylines(small, [np.rint(quad * scale).astype(np.int32)], True, colour, 1, cv2.LINE_AA)
    return np.asarray(small, np.uint8)


def _png(picture: Image) -> bytes:
    scale = min(1.0, 2 * THUMBNAIL / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    _, data = cv2.imencode(".png", np.ascontiguousarray(small))
    return bytes(data.tobytes())
