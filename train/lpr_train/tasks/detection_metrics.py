"""Metrics of a detector on scenes: F1, recall and precision, each at the score threshold that suits it best."""

from collections.abc import Iterable

import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_edge.contract.metrics import match_plates
from lpr_edge.contract.outputs import decode_plates
from lpr_edge.contract.preprocess import InputSpec, prepare
from lpr_train.base.engine import KerasModel
from lpr_train.data.photos import Scene
from lpr_train.loop.fit import predict

THRESHOLDS = tuple(np.arange(0.15, 0.75, 0.05))
"""Score thresholds that validation tries."""


OVERLAPS = (0.5, 0.6, 0.7, 0.8)
"""IoU thresholds over which the score of an epoch is averaged, as in COCO: the reader needs accurate corners, and at a
single threshold one plate more or less would choose the epoch."""
Found = list[tuple[list[tuple[float, Floats]], Scene]]
"""For each scene the scores and corners of what was found in it."""


def detector_metrics(
    model: KerasModel, scenes: list[Scene], spec: InputSpec, thresholds: Iterable[float] = THRESHOLDS
) -> dict[str, float]:
    """Compute F1, recall and precision at each threshold, and select the best one.

    Returns:
        `f1`, `recall` and `precision` at IoU 0.5 and the `threshold` with the best F1; at that threshold the `score`,
        the mean of F1 over `OVERLAPS`.
    """
    found = all_found(model, scenes, spec)
    return max((_figures_at(found, threshold) for threshold in thresholds), key=lambda f: f["f1"])


def all_found(model: KerasModel, scenes: list[Scene], spec: InputSpec) -> Found:
    """Detect plates in scenes, with corners in the scenes' pixels and any score from 0.15 on."""
    prepared = [prepare(scene.image_bgr, spec) for scene in scenes]
    heads = predict(model, np.concatenate([p.pixels for p in prepared]), 16)
    found: Found = []
    for i, (scene, p) in enumerate(zip(scenes, prepared, strict=True)):
        boxes = decode_plates({role: h[i] for role, h in heads.items()}, spec.size_hw, {"score": 0.15, "overlap": 0.3})
        found.append(([(box.score, p.to_picture(box.quad_xy)) for box in boxes], scene))
    return found


def _figures_at(found: Found, threshold: float) -> dict[str, float]:
    measured = [_recall_and_precision(found, threshold, iou) for iou in OVERLAPS]
    f1 = [2 * recall * precision / max(1e-9, recall + precision) for recall, precision in measured]
    recall, precision = measured[0]
    return {
        "score": float(np.mean(f1)),
        "f1": f1[0],
        "recall": recall,
        "precision": precision,
        "threshold": float(threshold),
    }


def _recall_and_precision(found: Found, threshold: float, iou: float) -> tuple[float, float]:
    hits = truths = shown = 0
    for boxes, scene in found:
        quads = [quad for score, quad in boxes if score >= threshold]
        matches = match_plates(quads, scene.quads, iou)
        extra = [quads[i] for i in matches.false_alarms]
        excused = len(match_plates(extra, scene.ignored, 0.3).pairs)
        hits, truths, shown = hits + len(matches.pairs), truths + len(scene.quads), shown + len(quads) - excused
    return hits / max(1, truths), hits / max(1, shown)
