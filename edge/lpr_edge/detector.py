"""Plates in a frame."""

from dataclasses import dataclass

import numpy as np

from lpr_edge.contract.arrays import Image, Quad
from lpr_edge.contract.geometry import quad_iou
from lpr_edge.contract.outputs import decode_plates, without_doubles
from lpr_edge.contract.preprocess import prepare
from lpr_edge.runtimes import Model

LOOKS = 8
"""How many doubtful places of a photograph are looked at again from nearer, at most: each costs as much as a frame."""
WINDOW = 4.0
"""Side of what a second look shows, beside the plate's longer side: there the detector sees corners best."""
SMALL = 0.14
"""Longer side of a plate, beside the frame's, below which its corners deserve a second look."""
SURE = 0.6
"""Score from which a plate of more than that size needs none."""
DOUBT = 0.35
"""Plates below the threshold, down to this share of it, get a chance to be seen better, or to be read."""
SECOND_WEIGHT = 0.75
"""Of the second look's score beside the first one's."""

Window = tuple[int, int, int, int]
"""Left, top, right and bottom of a part of a frame, in pixels."""


@dataclass(frozen=True)
class FoundPlate:
    """Where a plate is in a frame."""

    quad_xy: Quad
    """(4, 2) corners in the frame's pixels, clockwise from the plate's own top left."""
    score: float
    """How sure the detector is that a plate is there, 0..1."""
    turn_scores: tuple[float, float, float, float]
    """How likely each corner, in `quad_xy`'s order, is the own top left."""


class Detector:
    """A detector's network: from a frame to plates' corners.

    Args:
        model: the network.
        looks: how many small or doubtful plates of a frame are looked at a second time, from nearer, at most. A
            photograph deserves `LOOKS`; a plate in a clip comes again, and nearer, by itself.
    """

    def __init__(self, model: Model, looks: int = 0) -> None:
        model.expect("detector")
        self.model = model
        self.looks = looks
        self.threshold = model.manifest.thresholds["score"]

    def detect(self, frame_bgr: Image, share: float = 1.0) -> list[FoundPlate]:
        """Find the plates in a frame (H, W, 3) of any size, the surest first.

        Args:
            frame_bgr: the frame.
            share: of the threshold, down to which plates are told.
        """
        least = share * self.threshold
        if not self.looks:
            return self._find(frame_bgr, least)
        seen, left = [], self.looks
        for plate in self._find(frame_bgr, DOUBT * self.threshold):
            window = _window(plate, frame_bgr) if left else None
            left -= window is not None
            seen.append(self._look_again(frame_bgr, plate, window) if window else plate)
        sure = sorted((plate for plate in seen if plate.score >= least), key=lambda plate: -plate.score)
        limit = self.model.manifest.thresholds["overlap"]
        return without_doubles(sure, lambda a, b: quad_iou(a.quad_xy, b.quad_xy) > limit)

    def _find(self, frame_bgr: Image, threshold: float) -> list[FoundPlate]:
        manifest = self.model.manifest
        prepared = prepare(frame_bgr, manifest.input)
        heads = self.model.heads(prepared.pixels)
        boxes = decode_plates(heads, manifest.input.size_hw, {**manifest.thresholds, "score": threshold})
        return [FoundPlate(prepared.to_picture(box.quad_xy), box.score, box.turn_scores) for box in boxes]

    def _look_again(self, frame_bgr: Image, plate: FoundPlate, window: Window) -> FoundPlate:
        """The plate as it shows from nearer; one that doesn't show there loses most of its score."""
        left, top, right, bottom = window
        found = self._find(frame_bgr[top:bottom, left:right], DOUBT * self.threshold)
        corner = np.array([left, top], np.float32)
        moved = [FoundPlate(other.quad_xy + corner, other.score, other.turn_scores) for other in found]
        best = next((other for other in moved if _same_place(other, plate)), None)
        score = SECOND_WEIGHT * (best.score if best else 0.0) + (1.0 - SECOND_WEIGHT) * plate.score
        shown = best or plate
        return FoundPlate(shown.quad_xy, score, shown.turn_scores)


def _longer_side(plate: FoundPlate) -> float:
    """Of the upright box around it, in pixels."""
    return float((plate.quad_xy.max(axis=0) - plate.quad_xy.min(axis=0)).max())


def _window(plate: FoundPlate, frame_bgr: Image) -> Window | None:
    """What a second look at a plate shows; None for one that needs none, or that it would show no nearer."""
    side, longest = _longer_side(plate), max(frame_bgr.shape[:2])
    if plate.score >= SURE and side >= SMALL * longest:
        return None
    low = (plate.quad_xy.min(axis=0) + plate.quad_xy.max(axis=0) - WINDOW * side) / 2
    size = frame_bgr.shape[1], frame_bgr.shape[0]
    left, top = np.floor(low).astype(int).clip(0)
    right, bottom = np.ceil(low + WINDOW * side).astype(int).clip(0, size)
    is_nearer = max(right - left, bottom - top) <= 0.8 * longest
    return (int(left), int(top), int(right), int(bottom)) if is_nearer else None


def _same_place(a: FoundPlate, b: FoundPlate) -> bool:
    """Whether their middles are nearer than most of the larger one's longer side."""
    apart = float(np.linalg.norm(a.quad_xy.mean(axis=0) - b.quad_xy.mean(axis=0)))
    return apart < 0.6 * max(_longer_side(a), _longer_side(b))
