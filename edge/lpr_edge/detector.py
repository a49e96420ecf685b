"""Plates in a frame."""

from dataclasses import dataclass

from lpr_edge.contract.arrays import Image, Quad
from lpr_edge.contract.outputs import decode_plates
from lpr_edge.contract.preprocess import prepare
from lpr_edge.runtimes import Model


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
    """A detector's network: from a frame to plates' corners."""

    def __init__(self, model: Model) -> None:
        model.expect("detector")
        self.model = model

    def detect(self, frame_bgr: Image) -> list[FoundPlate]:
        """Find the plates in a frame (H, W, 3) of any size, the surest first."""
        manifest = self.model.manifest
        prepared = prepare(frame_bgr, manifest.input)
        heads = self.model.heads(prepared.pixels)
        boxes = decode_plates(heads, manifest.input.size_hw, manifest.thresholds)
        return [FoundPlate(prepared.to_picture(box.quad_xy), box.score, box.turn_scores) for box in boxes]
