"""The pipeline from a frame to its plates: detector, then reader."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.regions.roi import is_inside
from lpr_edge.regions.shapes import TILES_OFF, Tiling
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.frame_search import FrameSearch, SearchArea
from lpr_edge.vision.plate_colour import measure_colour
from lpr_edge.vision.plates import ExpectedPlate, FoundPlate, FrameResult, Plan, PlateReading, Reading
from lpr_edge.vision.reader import Reader
from lpr_edge.vision.strategy import CameraStrategy, PhotographStrategy, Strategy
from lpr_edge.vision.views import apply_low_light_gain

LOW_SHARE = 0.4
"""Share of the detector's threshold down to which a video's proposals continue tracks."""


class PlatePipeline:
    """Runs the detector, and the reader on each detection."""

    def __init__(
        self,
        detector: Detector,
        reader: Reader,
        min_confidence: float = 0.0,
        roi: Floats | None = None,
        is_photograph: bool = False,
        tiling: Tiling = TILES_OFF,
        budget_s: float | None = None,
        outside_too: bool = False,
    ) -> None:
        """Connect detector and reader.

        Args:
            detector: finds plates.
            reader: reads them.
            min_confidence: readings below it, and plates without any character, are low-confidence ones.
            roi: (corners, 2) polygon in shares of the frame; plates outside are left unread; None for the whole frame.
            is_photograph: frames are photographs, which show a plate once: more work goes into each.
            tiling: how large frames are looked at more closely; what moves from frame to frame counts, so each source
                needs a pipeline of its own.
            budget_s: see `SearchArea`.
            outside_too: whether `seen` has the plates outside of the region, too.
        """
        self.detector = detector
        self.reader = reader
        self.min_confidence = min_confidence
        self.roi = roi
        self._search = FrameSearch(detector, SearchArea(roi, tiling, budget_s, outside_too))
        self.strategy: Strategy = PhotographStrategy(detector.threshold) if is_photograph else CameraStrategy()

    def read(
        self, frame_bgr: Image, plan: Plan | None = None, expected: Sequence[ExpectedPlate] | None = None
    ) -> FrameResult:
        """Detect and read the plates of a frame.

        Args:
            frame_bgr: (H, W, 3) uint8, BGR.
            plan: for a video: how much work each proposal gets, low-scoring ones too; None for the strategy's own.
            expected: plates of tracks, which are seen closely where the frame is large; None where nobody follows them.

        Returns:
            The plates, highest detection score first.
        """
        start = perf_counter()
        frame_bgr = apply_low_light_gain(frame_bgr)
        seen = self._search.find(frame_bgr, LOW_SHARE if plan else self.strategy.proposal_share, expected)
        found = [plate for plate in seen if self._is_in_roi(plate, frame_bgr)]
        between = perf_counter()
        efforts = None if plan is None else plan(found)
        readings = self.strategy.read_plates(self.reader, frame_bgr, found, efforts)
        plates = [self._with_colour(frame_bgr, plate) for plate in readings]
        end = perf_counter()
        kept = {id(plate.found) for plate in plates}
        seen = [plate for plate in seen if plate.score >= self.detector.threshold or id(plate) in kept]
        sure = tuple(plate for plate in plates if plate.is_confident)
        low_confidence = tuple(plate for plate in plates if not plate.is_confident)
        count = len(plates) if efforts is None else sum(effort.views for effort in efforts)
        return FrameResult(sure, 1000 * (between - start), 1000 * (end - between), tuple(seen), low_confidence, count)

    def _with_colour(self, frame_bgr: Image, plate: PlateReading) -> PlateReading:
        """Add the plate's colour, and whether its confidence reaches the minimum."""
        colour_of = partial(measure_colour, frame_bgr, plate.reading.quad_xy, self.reader.grammar.country)
        return replace(plate, colour_of=colour_of, is_confident=self.is_confident(plate.reading))

    def is_confident(self, reading: Reading, any_text: bool = True) -> bool:
        """Whether a reading, or the result of a vote, reaches the minimum confidence.

        Args:
            reading: what was read.
            any_text: whether it may be what no form of the country allows, or shorter than all of them.
        """
        likely = bool(reading.characters) and reading.confidence >= self.min_confidence
        return likely and (any_text or reading.parsed.valid)

    def _is_in_roi(self, plate: FoundPlate, frame_bgr: Image) -> bool:
        height, width = frame_bgr.shape[:2]
        return self.roi is None or is_inside(plate.quad_xy, self.roi, (height, width))
