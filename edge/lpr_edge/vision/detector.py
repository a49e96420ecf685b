"""Plate detection in frames and photographs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.geometry import is_convex, quad_iou, rectangle, roll_quad
from lpr_edge.contract.outputs import decode_plates, non_maximum_suppression
from lpr_edge.contract.preprocess import rows_of, to_picture, write_frame, write_input
from lpr_edge.runtimes.model import Model
from lpr_edge.vision.plates import FoundPlate, longer_side
from lpr_edge.vision.views import tiles, upright_view

TTA_VIEWS = 8
"""Most proposals of a photograph that are looked at again: each costs as much as its views do frames."""
ROUNDS = (((0.33, False),), ((0.4, False), (0.33, True)))
"""Views of a proposal, round after round: the share of the view's side that the plate takes, and whether mirrored.

Each round makes the plate upright as the one before found it. Views differ a little in what is found; their mean is
nearer to the ground truth than any of them.
"""
LARGE = 0.5
"""Longer side of a plate, relative to the frame's, from which no view shows it larger: it needs none."""
SMALLER = 0.5
"""Size of a photograph in the view that shows plates which fill it, as a share of the view's side."""
PROPOSALS = 0.25
"""Plates below the threshold, down to this share of it, get a chance to be seen better, or to be read."""
HOPELESS = 1.0
"""Sum of a proposal's score and its first view's, in thresholds, below which the other views can't make it a plate."""
FIRST_WEIGHT = 0.5
"""Weight of the first view's score against the mean of the last round's views."""


class Detector:
    """Runs a detector network: a frame gives the corners of its plates.

    Args:
        model: the network.
        tta: how many proposals of a frame are looked at again, in several views, at most; tiles of the frame are
            searched as well then. 0 for one run of the network: a plate in a clip comes again, and nearer, by itself.
        saves_rows: whether that one run leaves padding out where the file allows it, which is faster.
    """

    def __init__(self, model: Model, tta: int = 0, saves_rows: bool = True) -> None:
        model.expect("detector")
        self.model = model
        self.tta = tta
        self.saves_rows = saves_rows and not tta
        self.threshold = model.manifest.thresholds["score"]

    def detect(self, frame_bgr: Image, share: float = 1.0) -> list[FoundPlate]:
        """Detect the plates in a frame (H, W, 3) of any size, the highest score first.

        Args:
            frame_bgr: the frame.
            share: fraction of the threshold down to which plates are returned.
        """
        least = share * self.threshold
        if not self.tta:
            return self._find(frame_bgr, least)
        proposals = self._proposals(frame_bgr, PROPOSALS * self.threshold)
        seen = [self._redetect(frame_bgr, plate) for plate in proposals[: self.tta]] + proposals[self.tta :]
        return without_copies(plate for plate in seen if plate.score >= least)

    def _proposals(self, frame_bgr: Image, threshold: float) -> list[FoundPlate]:
        """Detections in the whole frame, in its tiles and from further off, the highest score first."""
        found = self._find(frame_bgr, threshold)
        for tile in tiles(frame_bgr):
            uncut = (plate for plate in self._find(tile.image_bgr, threshold) if not tile.cuts(plate.quad_xy))
            found += [replace(plate, quad_xy=tile.quad_in_photo(plate.quad_xy)) for plate in uncut]
        return without_copies([*found, *self._filling(frame_bgr, threshold)])

    def _filling(self, frame_bgr: Image, threshold: float) -> list[FoundPlate]:
        """Plates that fill the frame, detected in a view that shows the frame smaller, within grey."""
        frame_hw = (frame_bgr.shape[0], frame_bgr.shape[1])
        view = upright_view(frame_bgr, rectangle(frame_hw), SMALLER, self.model.manifest.input.size_hw)
        found = self._find(view.image_bgr, threshold)
        moved = (replace(plate, quad_xy=view.quad_in_photo(plate.quad_xy)) for plate in found)
        return [plate for plate in moved if longer_side(plate.quad_xy) >= LARGE * max(frame_hw)]

    def _find(self, frame_bgr: Image, threshold: float) -> list[FoundPlate]:
        manifest = self.model.manifest
        write = write_input if self.tta else write_frame
        rows = rows_of(frame_bgr, manifest.input) if self.saves_rows else None
        (scale_xy, height), heads = self.model.heads_of(
            lambda pixels: (write(frame_bgr, manifest.input, pixels), pixels.shape[0]), rows
        )
        input_hw = (height, manifest.input.size_hw[1])
        boxes = decode_plates(heads, input_hw, {**manifest.thresholds, "score": threshold})
        return [FoundPlate(to_picture(box.quad_xy, scale_xy), box.score, box.turn_scores) for box in boxes]

    def _redetect(self, frame_bgr: Image, plate: FoundPlate) -> FoundPlate:
        """Average a plate over its test-time augmentation views; unconfirmed plates lose much of their score."""
        if longer_side(plate.quad_xy) >= LARGE * max(frame_bgr.shape[:2]):
            return plate
        now, scores = plate, [plate.score]
        for views in ROUNDS:
            seen = [self._view(frame_bgr, now, share, mirrored) for share, mirrored in views]
            scores = [view.score if view else 0.0 for view in seen]
            found = [view for view in seen if view]
            if found:
                best = max(
                    (view for view, (_, mirrored) in zip(seen, views, strict=True) if view and not mirrored),
                    key=lambda view: view.score,
                    default=now,
                )
                now = replace(best, quad_xy=_mean_corners(found, best))
            if plate.score + float(np.mean(scores)) < HOPELESS * self.threshold:
                break
        return replace(now, score=FIRST_WEIGHT * plate.score + (1.0 - FIRST_WEIGHT) * float(np.mean(scores)))

    def _view(self, frame_bgr: Image, plate: FoundPlate, share: float, mirrored: bool) -> FoundPlate | None:
        """Detect a plate in one view of its place, in the frame's pixels; None without a detection."""
        view = upright_view(frame_bgr, plate.quad_xy, share, self.model.manifest.input.size_hw, mirrored)
        found = self._find(view.image_bgr, PROPOSALS * self.threshold)
        moved = (replace(other, quad_xy=view.quad_in_photo(other.quad_xy)) for other in found)
        return next((other for other in moved if _same_place(other, plate)), None)


def _mean_corners(views: Sequence[FoundPlate], best: FoundPlate) -> Quad:
    """Mean corners of the views, weighted by score; the best view's if the mean isn't convex."""
    in_order = [_in_order(view.quad_xy, best.quad_xy) for view in views]
    mean = np.average(in_order, axis=0, weights=[view.score for view in views]).astype(np.float32)
    return mean if is_convex(mean) else best.quad_xy


def _in_order(quad_xy: Quad, other_xy: Quad) -> Quad:
    """Rotate a quad's corners to begin at the one nearest to another quad's first corner, as mirrored views need."""
    return min((roll_quad(quad_xy, turn) for turn in range(4)), key=lambda quad: float(np.abs(quad - other_xy).sum()))


SAME_PLATE = 0.3
"""Overlap of two detections, or distance of their middles in shares of the longer side, that makes them one plate."""


def without_copies(plates: Iterable[FoundPlate], in_order: bool = False) -> list[FoundPlate]:
    """Keep the detection with the highest score of each plate.

    Args:
        plates: detections.
        in_order: the first detection of each plate, in the given order, instead.
    """
    ordered = list(plates) if in_order else sorted(plates, key=lambda plate: -plate.score)
    return non_maximum_suppression(ordered, _is_same_plate)


def _is_same_plate(a: FoundPlate, b: FoundPlate) -> bool:
    """Whether two detections are of one plate: from tile to tile their corners differ, but not their centres."""
    return are_near(a.quad_xy, b.quad_xy, SAME_PLATE) or quad_iou(a.quad_xy, b.quad_xy) > SAME_PLATE


def _same_place(a: FoundPlate, b: FoundPlate) -> bool:
    """Whether a detection in a view is of the plate that the view is centred on."""
    return are_near(a.quad_xy, b.quad_xy)


def are_near(a_xy: Quad, b_xy: Quad, share: float = 0.6) -> bool:
    """Whether the middles of two plates (4, 2) are nearer to each other than a share of the longer side."""
    apart = float(np.linalg.norm(a_xy.mean(axis=0) - b_xy.mean(axis=0)))
    return apart < share * max(longer_side(a_xy), longer_side(b_xy))
