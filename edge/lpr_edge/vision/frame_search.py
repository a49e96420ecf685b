"""Search frames for plates: within the region of interest, and in tiles if the frame is large."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.regions.roi import Box, box_around
from lpr_edge.regions.shapes import TILES_OFF, Tiling
from lpr_edge.regions.tiles import TilePlanner
from lpr_edge.vision.detector import PROPOSALS, Detector, are_near, without_copies
from lpr_edge.vision.plates import ExpectedPlate, FoundPlate, longer_side
from lpr_edge.vision.views import cut_tile

MAX_CANDIDATES = 1
"""Faint detections of the coarse view that are looked at closely in a frame."""
LOOK_AGAIN = 10
"""Frames after which places are looked at closely again where nothing was found."""
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
        self._fruitless: list[Quad] = []
        """Where a closer look has found nothing lately."""
        self._frames = 0

    def find(self, frame_bgr: Image, share: float, expected: Sequence[ExpectedPlate] | None = None) -> list[FoundPlate]:
        """Detect the plates in a frame.

        Args:
            frame_bgr: (H, W, 3).
            share: of the detector's threshold, see `Detector.detect`.
            expected: plates of tracks; None where nobody follows plates: then those of the frame before.

        Returns:
            The plates in the frame's pixels, the highest score first.
        """
        if self._area.roi is None:
            return self._find_in(frame_bgr, share, expected)
        height, width = frame_bgr.shape[:2]
        box = box_around(self._area.roi, (height, width))
        tile = cut_tile(frame_bgr, box)
        corner = np.array([box.left, box.top], np.float32)
        inside = expected and [replace(one, quad_xy=one.quad_xy - corner) for one in expected]
        seen = self._find_in(tile.image_bgr, share, inside)
        found = [_moved(plate, box) for plate in seen if not tile.cuts(plate.quad_xy)]
        if len(found) < len(seen):
            wider = box.grown(WIDER, (height, width))
            found += [_moved(plate, wider) for plate in self._detector.detect(wider.of(frame_bgr), share)]
        if self._area.outside_too:
            found += self._detector.detect(frame_bgr, share)
        return without_copies(found)

    def _find_in(self, part_bgr: Image, share: float, expected: Sequence[ExpectedPlate] | None) -> list[FoundPlate]:
        planner = self._planner
        if planner is None or self._detector.tta or not planner.applies_to(part_bgr):
            return self._detector.detect(part_bgr, share)
        start = perf_counter()
        coarse = self._detector.detect(part_bgr, min(share, PROPOSALS))
        found: list[FoundPlate] = []
        looked: list[Box] = []
        shown = [plate for plate in coarse if plate.score >= share * self._detector.threshold]
        tracked = self._tracked(shown, expected)
        candidates = self._candidates(coarse, part_bgr, [one.quad_xy for one in expected or ()])
        for box in planner.plan(part_bgr, [*tracked, *candidates]):
            tile = cut_tile(part_bgr, box)
            looked.append(box)
            uncut = (plate for plate in self._detector.detect(tile.image_bgr, share) if not tile.cuts(plate.quad_xy))
            found += [_moved(plate, box) for plate in uncut]
            if self._area.budget_s is not None and perf_counter() - start > self._area.budget_s:
                break
        kept = sorted(without_copies([*found, *shown], in_order=True), key=lambda plate: -plate.score)
        sure = [plate for plate in kept if plate.score >= self._detector.threshold]
        self._latest = tuple(plate.quad_xy for plate in sure)
        seen = (quad for quad in candidates if any(box.has_near_its_middle(quad.mean(axis=0)) for box in looked))
        self._remember_fruitless(quad for quad in seen if not _is_near_any(quad, sure))
        return kept

    def _tracked(self, shown: Sequence[FoundPlate], expected: Sequence[ExpectedPlate] | None) -> Sequence[Quad]:
        """Plates of tracks that are seen closely: all but settled ones that the coarse view shows."""
        if expected is None:
            return self._latest
        unsettled = (one for one in expected if not (one.is_settled and _is_near_any(one.quad_xy, shown)))
        return [one.quad_xy for one in unsettled if not one.is_doubtful]

    def _remember_fruitless(self, quads_xy: Iterable[Quad]) -> None:
        """Keep places where a closer look has just found nothing: what stands there doesn't change from frame to frame.

        Args:
            quads_xy: (4, 2) corners each, of the frame.
        """
        self._frames += 1
        self._fruitless = [] if self._frames % LOOK_AGAIN == 0 else [*self._fruitless, *quads_xy]

    def _candidates(self, coarse: Sequence[FoundPlate], part_bgr: Image, expected_xy: Sequence[Quad]) -> list[Quad]:
        """Plates of the coarse view, and its best low-score detections, that a tile may show in more detail."""
        small = [p.quad_xy for p in coarse if longer_side(p.quad_xy) < SHOWN_WELL * max(part_bgr.shape[:2])]
        sure = sum(plate.score >= self._detector.threshold for plate in coarse)
        known = (*expected_xy, *self._fruitless)
        return [quad for quad in small[: sure + MAX_CANDIDATES] if not any(are_near(quad, other) for other in known)]


def _is_near_any(quad_xy: Quad, plates: Sequence[FoundPlate]) -> bool:
    return any(are_near(plate.quad_xy, quad_xy) for plate in plates)


def _moved(plate: FoundPlate, box: Box) -> FoundPlate:
    """Convert a plate from the pixels of a part to those of the whole frame."""
    return replace(plate, quad_xy=np.asarray(plate.quad_xy + np.array([box.left, box.top]), np.float32))
