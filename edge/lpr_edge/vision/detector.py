"""Plates in a frame."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.geometry import is_convex, mirror_quad, quad_iou, roll_quad
from lpr_edge.contract.outputs import decode_plates, non_maximum_suppression
from lpr_edge.contract.preprocess import prepare
from lpr_edge.runtimes.model import Model
from lpr_edge.vision.plates import FoundPlate

LOOKS = 8
"""How many doubtful places of a photograph are looked at again, at most: each costs as much as `VIEWS` frames."""
VIEWS = ((2.5, False), (4.0, True), (6.0, False))
"""How a place is looked at again: the side of what is shown, beside the plate's longer side, and whether mirrored.

What a detector sees differs a little from view to view, most so on plates unlike those that it has learnt; the mean is
nearer to the truth than any of them.
"""
SMALL = 0.14
"""Longer side of a plate, beside the frame's, below which it deserves other views."""
SURE = 0.6
"""Score from which a plate of more than that size needs none."""
PROPOSALS = 0.35
"""Plates below the threshold, down to this share of it, get a chance to be seen better, or to be read."""
FIRST_WEIGHT = 0.25
"""Of the first look's score beside the views' mean."""


class Detector:
    """A detector's network: from a frame to plates' corners.

    Args:
        model: the network.
        looks: how many small or doubtful plates of a frame are looked at again, in several views, at most. A
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
        for plate in self._find(frame_bgr, PROPOSALS * self.threshold):
            again = left > 0 and _needs_augmentation(plate, frame_bgr)
            left -= again
            seen.append(self._look_again(frame_bgr, plate) if again else plate)
        sure = sorted((plate for plate in seen if plate.score >= least), key=lambda plate: -plate.score)
        limit = self.model.manifest.thresholds["overlap"]
        return non_maximum_suppression(sure, lambda a, b: quad_iou(a.quad_xy, b.quad_xy) > limit)

    def _find(self, frame_bgr: Image, threshold: float) -> list[FoundPlate]:
        manifest = self.model.manifest
        prepared = prepare(frame_bgr, manifest.input)
        heads = self.model.heads(prepared.pixels)
        boxes = decode_plates(heads, manifest.input.size_hw, {**manifest.thresholds, "score": threshold})
        return [FoundPlate(prepared.to_picture(box.quad_xy), box.score, box.turn_scores) for box in boxes]

    def _look_again(self, frame_bgr: Image, plate: FoundPlate) -> FoundPlate:
        """The plate as other views show it; one that they don't show loses most of its score."""
        views = [self._view(frame_bgr, plate, side, mirrored) for side, mirrored in VIEWS]
        score = FIRST_WEIGHT * plate.score + (1.0 - FIRST_WEIGHT) * float(
            np.mean([v.score if v else 0.0 for v in views])
        )
        upright = [view for view, (_, mirrored) in zip(views, VIEWS, strict=True) if view and not mirrored]
        best = max(upright, key=lambda view: view.score, default=plate)
        return FoundPlate(_mean_corners([view for view in views if view], best), score, best.turn_scores)

    def _view(self, frame_bgr: Image, plate: FoundPlate, side: float, mirrored: bool) -> FoundPlate | None:
        """What is found at a plate's place in one view, in the frame's pixels; None where nothing is."""
        left, top, right, bottom = _window(plate, frame_bgr, side)
        part = frame_bgr[top:bottom, left:right]
        found = self._find(np.asarray(cv2.flip(part, 1), np.uint8) if mirrored else part, PROPOSALS * self.threshold)
        corner = np.array([left, top], np.float32)
        moved = [
            replace(other, quad_xy=corner + (mirror_quad(other.quad_xy, right - left) if mirrored else other.quad_xy))
            for other in found
        ]
        return next((other for other in moved if _same_place(other, plate)), None)


def _mean_corners(views: Sequence[FoundPlate], best: FoundPlate) -> Quad:
    """The views' corners, weighted by score, in the order of the best one's; that one's where they make no plate."""
    if not views:
        return best.quad_xy
    in_order = [_in_order(view.quad_xy, best.quad_xy) for view in views]
    mean = np.average(in_order, axis=0, weights=[view.score for view in views]).astype(np.float32)
    return mean if is_convex(mean) else best.quad_xy


def _in_order(quad_xy: Quad, other_xy: Quad) -> Quad:
    """The same corners, from the one nearest to another's first on: mirrored writing may begin at any."""
    return min((roll_quad(quad_xy, turn) for turn in range(4)), key=lambda quad: float(np.abs(quad - other_xy).sum()))


def _longer_side(plate: FoundPlate) -> float:
    """Of the upright box around it, in pixels."""
    return float((plate.quad_xy.max(axis=0) - plate.quad_xy.min(axis=0)).max())


def _needs_augmentation(plate: FoundPlate, frame_bgr: Image) -> bool:
    return plate.score < SURE or _longer_side(plate) < SMALL * max(frame_bgr.shape[:2])


def _window(plate: FoundPlate, frame_bgr: Image, side: float) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what a view of a plate shows, in the frame's pixels."""
    shown = side * _longer_side(plate)
    low = (plate.quad_xy.min(axis=0) + plate.quad_xy.max(axis=0) - shown) / 2
    size = frame_bgr.shape[1], frame_bgr.shape[0]
    left, top = np.floor(low).astype(int).clip(0)
    right, bottom = np.ceil(low + shown).astype(int).clip(0, size)
    return int(left), int(top), int(right), int(bottom)


def _same_place(a: FoundPlate, b: FoundPlate) -> bool:
    """Whether their middles are nearer than most of the larger one's longer side."""
    apart = float(np.linalg.norm(a.quad_xy.mean(axis=0) - b.quad_xy.mean(axis=0)))
    return apart < 0.6 * max(_longer_side(a), _longer_side(b))
