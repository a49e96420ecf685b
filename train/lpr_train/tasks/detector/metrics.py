"""What a detector finds in scenes: metrics at the score threshold that suits it best, mistakes, held-out results."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Quad
from lpr_edge.contract.geometry import quad_iou, quad_size
from lpr_edge.contract.metrics import match_plates
from lpr_edge.contract.outputs import decode_plates, non_maximum_suppression
from lpr_edge.contract.preprocess import InputSpec, prepare
from lpr_train.base.engine import KerasModel
from lpr_train.data.photos import Photo, Scene
from lpr_train.data.scene_views import windows
from lpr_train.loop.inference import predict

THRESHOLDS = tuple(np.arange(0.15, 0.75, 0.05))
"""Score thresholds that validation tries."""


OVERLAPS = (0.5, 0.6, 0.7, 0.8)
"""IoU thresholds over which the score of an epoch is averaged, as in COCO: the reader needs accurate corners, and at a
single threshold one plate more or less would choose the epoch."""
Detections = list[tuple[list[tuple[float, Floats]], Scene]]
"""For each scene the scores and corners of what was found in it."""


def detector_metrics(
    model: KerasModel, scenes: list[Scene], spec: InputSpec, thresholds: Iterable[float] = THRESHOLDS
) -> dict[str, float]:
    """Compute F1, recall and precision at each threshold, and select the best one.

    Returns:
        `f1`, `recall` and `precision` at IoU 0.5 and the `threshold` with the best F1; at that threshold the `score`,
        the mean of F1 over `OVERLAPS`.
    """
    found = detect_all(model, scenes, spec)
    return max((_figures_at(found, threshold) for threshold in thresholds), key=lambda f: f["f1"])


def detect_all(model: KerasModel, scenes: list[Scene], spec: InputSpec) -> Detections:
    """Detect plates in scenes, with corners in the scenes' pixels and any score from 0.15 on."""
    prepared = [prepare(scene.image_bgr, spec) for scene in scenes]
    heads = predict(model, np.concatenate([p.pixels for p in prepared]), 16)
    found: Detections = []
    for i, (scene, p) in enumerate(zip(scenes, prepared, strict=True)):
        boxes = decode_plates({role: h[i] for role, h in heads.items()}, spec.size_hw, {"score": 0.15, "overlap": 0.3})
        found.append(([(box.score, p.to_picture(box.quad_xy)) for box in boxes], scene))
    return found


def _figures_at(found: Detections, threshold: float) -> dict[str, float]:
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


def _recall_and_precision(found: Detections, threshold: float, iou: float) -> tuple[float, float]:
    hits = truths = shown = 0
    for boxes, scene in found:
        quads = [quad for score, quad in boxes if score >= threshold]
        matches = match_plates(quads, scene.quads, iou)
        extra = [quads[i] for i in matches.false_positives]
        excused = len(match_plates(extra, scene.ignored, 0.3).pairs)
        hits, truths, shown = hits + len(matches.pairs), truths + len(scene.quads), shown + len(quads) - excused
    return hits / max(1, truths), hits / max(1, shown)


HARD_NEGATIVE_SCORE = 0.2
"""Minimum score of a false positive that becomes a hard negative."""
MAX_HARD_NEGATIVES = 4
"""Hard negatives of a photograph, at most: its plates must still be shown."""
WELL_PLACED = 0.65
"""IoU below which a plate counts as a mistake: detected, but too inaccurately to be read."""


def hard_examples(model: KerasModel, photos: Sequence[Photo], spec: InputSpec, weight: int) -> list[tuple[Scene, bool]]:
    """Find each photograph's hard negatives, and repeat the photographs with mistakes.

    Returns:
        Scenes with their hard negatives, and whether each comes from the second folder of data.
    """
    found = detect_all(model, [photo.scene for photo in photos], spec) if photos else []
    weighed: list[tuple[Scene, bool]] = []
    for (boxes, scene), photo in zip(found, photos, strict=True):
        hard_negatives, is_mistaken = mistakes(boxes, scene)
        nearer, _ = mistakes(_found_in_windows(model, scene, spec), scene)
        shown = replace(scene, hard_negatives=tuple(distinct((*hard_negatives, *nearer))[:MAX_HARD_NEGATIVES]))
        weighed += [(shown, photo.is_other)] * (weight if is_mistaken else 1)
    return weighed


def mistakes(boxes: list[tuple[float, Floats]], scene: Scene) -> tuple[tuple[Quad, ...], bool]:
    """Find the false positives, and whether there are any or a false negative."""
    quads = [quad for score, quad in boxes if score >= HARD_NEGATIVE_SCORE]
    matches = match_plates(quads, scene.quads)
    extra = [quads[i] for i in matches.false_positives]
    hard_negatives = tuple(q for q in extra if not any(quad_iou(q, plate) > 0.0 for plate in scene.plates))
    return hard_negatives, bool(hard_negatives) or len(match_plates(quads, scene.quads, WELL_PLACED).pairs) < len(
        scene.quads
    )


def distinct(quads: Iterable[Quad]) -> list[Quad]:
    """The quads without those that overlap an earlier one."""
    return non_maximum_suppression(quads, lambda a, b: quad_iou(a, b) > 0.0)


def _found_in_windows(model: KerasModel, scene: Scene, spec: InputSpec) -> list[tuple[float, Floats]]:
    """What is found in a scene's windows, in the scene's pixels; highest score first."""
    parts = windows(scene)
    found = detect_all(model, [Scene(image, ()) for image, _ in parts], spec)
    boxes = [
        (score, quad + np.asarray(corner, np.float32))
        for (boxes, _), (_, corner) in zip(found, parts, strict=True)
        for score, quad in boxes
    ]
    return sorted(boxes, key=lambda box: -box[0])


def photo_outcomes(photo: Photo, quads: list[Floats]) -> list[dict[str, Any]]:
    """Which plates of a held-out photograph are detected by these quads, and the false positives."""
    wanted = [label for label in photo.labels if label.is_to_find]
    matches = match_plates(quads, [label.quad_xy for label in wanted])
    found = {true for _, true in matches.pairs}
    alarms = [quads[i] for i in matches.false_positives]
    excused = len(match_plates(alarms, photo.evaluated.ignored, 0.3).pairs)
    plates = [
        {
            "image": photo.path.name,
            "rows": len(label.rows),
            "width_px": round(quad_size(label.quad_xy)[0], 1),
            "found": number in found,
        }
        for number, label in enumerate(wanted)
    ]
    return plates + [{"image": photo.path.name, "false_alarm": True}] * (len(alarms) - excused)
