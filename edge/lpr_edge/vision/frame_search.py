"""Search frames for plates: within the region of interest, and in tiles if the frame is large."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.regions.roi import Box, box_around
from lpr_edge.regions.shapes import TILES_OFF, Tiling
from lpr_edge.regions.tiles import TilePlanner
from lpr_edge.vision.detector import PROPOSALS, Detector, without_copies
from lpr_edge.vision.plates import FoundPlate
from lpr_edge.vision.views import cut_tile

MAX_CANDIDATES = 3
"""Faint detections of the coarse view that are looked at closely."""
WIDER = 0.5
"""By so much of its size a part is grown on each side where a plate reaches out of it."""
SHOWN_WELL = 0.2
"""Longer side of a plate, relative to the frame's, from which the coarse view shows it well."""


@dataclass(frozen=True)
class SearchArea:
    """Part of the frames to search, and the tiling."""

    roi: Floats | None = None
    """(corners, 2) see `Region`; None for the whole frame."""
    tiling: Tiling = TILES_OFF
    budget_s: float | None = None
    """Time after which no further tile of a frame is looked at; None for all that are due."""
    outside_too: bool = False
    """Whether plates outside of the region are found as well, in the coarse view: to hide them."""


class FrameSearch:
    """Detects the plates in successive frames of one source."""

    def __init__(self, detector: Detector, area: SearchArea) -> None:
        """Create a search that has seen no frame yet.

        Args:
            detector: finds plates in an image.
            area: where to look.
        """
        self._detector, self._area = detector, area
        self._planner = (
            TilePlanner(area.tiling, max(detector.model.manifest.input.size_hw)) if area.tiling.is_on else None
        )
        self._latest: tuple[Quad, ...] = ()
        """Of the frame before, in pixels of the part that is searched."""

    def find(self, frame_bgr: Image, share: float) -> list[FoundPlate]:
        """Detect the plates in a frame (H, W, 3), in its pixels, the highest score first; `share` as in `detect`."""
        if self._area.roi is None:
            return self._find_in(frame_bgr, share)
        height, width = frame_bgr.shape[:2]
        box = box_around(self._area.roi, (height, width))
        tile = cut_tile(frame_bgr, box)
        seen = self._find_in(tile.image_bgr, share)
        found = [_moved(plate, box) for plate in seen if not tile.cuts(plate.quad_xy)]
        if len(found) < len(seen):
            wider = box.grown(WIDER, (height, width))
            found += [_moved(plate, wider) for plate in self._detector.detect(wider.of(frame_bgr), share)]
        if self._area.outside_too:
            found += self._detector.detect(frame_bgr, share)
        return without_copies(found)

    def _find_in(self, part_bgr: Image, share: float) -> list[FoundPlate]:
        planner = self._planner
        if planner is None or self._detector.tta or not planner.applies_to(part_bgr):
            return self._detector.detect(part_bgr, share)
        start = perf_counter()
        coarse = self._detector.detect(part_bgr, min(share, PROPOSALS))
        found: list[FoundPlate] = []
        for box in planner.plan(part_bgr, [*self._latest, *self._candidates(coarse, part_bgr)]):
            tile = cut_tile(part_bgr, box)
            uncut = (plate for plate in self._detector.detect(tile.image_bgr, share) if not tile.cuts(plate.quad_xy))
            found += [_moved(plate, box) for plate in uncut]
            if self._area.budget_s is not None and perf_counter() - start > self._area.budget_s:
                break
        found += [plate for plate in coarse if plate.score >= share * self._detector.threshold]
        kept = sorted(without_copies(found, in_order=True), key=lambda plate: -plate.score)
        self._latest = tuple(plate.quad_xy for plate in kept if plate.score >= self._detector.threshold)
        return kept

    def _candidates(self, coarse: Sequence[FoundPlate], part_bgr: Image) -> list[Quad]:
        """Plates of the coarse view, and its best low-score detections, which a tile shows in more detail."""
        small = [p.quad_xy for p in coarse if np.ptp(p.quad_xy, axis=0).max() < SHOWN_WELL * max(part_bgr.shape[:2])]
        sure = sum(plate.score >= self._detector.threshold for plate in coarse)
        return small[: sure + MAX_CANDIDATES]


def _moved(plate: FoundPlate, box: Box) -> FoundPlate:
    """Convert a plate from the pixels of a part to those of the whole frame."""
    return replace(plate, quad_xy=np.asarray(plate.quad_xy + np.array([box.left, box.top]), np.float32))
