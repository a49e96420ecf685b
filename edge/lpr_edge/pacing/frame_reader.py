"""Reads a video's frames with as much work as each needs.

A frame without motion, while no text is being settled, shows what the last one showed. Plates of tracks that have been
announced are only followed, and read now and then. The time that is left goes to those that aren't settled.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Image
from lpr_edge.pacing.motion_gate import MotionGate
from lpr_edge.pacing.time_budget import TimeBudget
from lpr_edge.vision.plates import Effort, ExpectedPlate, FoundPlate, FrameResult, Plan, PlateReading

FLOOR = timedelta(seconds=1)
"""A frame is looked at after so long, whatever moves."""


class Tracks(Protocol):
    """Decides which plates of a frame need work, see `Tracker`."""

    def plan(self, found: Sequence[FoundPlate], time: datetime, views: int = 1) -> list[Effort]: ...  # noqa: D102
    def expected(self, time: datetime) -> list[ExpectedPlate]: ...  # noqa: D102
    def is_idle(self, time: datetime) -> bool: ...  # noqa: D102


class Pipeline(Protocol):
    """Detects and reads the plates of an image, see `PlatePipeline`."""

    def read(  # noqa: D102
        self, frame_bgr: Image, plan: Plan | None = None, expected: Sequence[ExpectedPlate] | None = None
    ) -> FrameResult: ...


class FrameReader:
    """Reads the frames of one source with its pipeline and its tracker."""

    def __init__(self, pipeline: Pipeline, tracker: Tracks) -> None:
        """Take what reads plates, and what knows their tracks.

        Args:
            pipeline: finds and reads plates.
            tracker: is given each frame's plates by the caller, in their order.
        """
        self._pipeline = pipeline
        self._tracker = tracker
        self._gate = MotionGate()
        self._budget = TimeBudget()
        self._last: FrameResult | None = None
        self._looked_at: datetime | None = None

    def read(self, frame: Frame) -> FrameResult:
        """Read a frame: its plates are read, followed, or carried over from the frame before."""
        self._budget.come(frame.time, frame.age_ms is not None)
        if self._last is not None and self._is_unchanged(frame):
            return _carried(self._last)
        views = self._budget.views
        result = self._pipeline.read(
            frame.image_bgr,
            lambda found: self._tracker.plan(found, frame.time, views),
            self._tracker.expected(frame.time),
        )
        self._budget.spent(result.detect_ms, result.read_ms, result.readings)
        self._gate.look(frame.image_bgr)
        self._last, self._looked_at = result, frame.time
        return result

    def _is_unchanged(self, frame: Frame) -> bool:
        """Whether the last result is valid for this frame as well."""
        waits = self._looked_at is None or not timedelta() <= frame.time - self._looked_at < FLOOR
        return not waits and self._tracker.is_idle(frame.time) and self._gate.is_still(frame.image_bgr)


def _carried(result: FrameResult) -> FrameResult:
    """Copy a result for a frame that shows the same."""
    plates, low_confidence = (_all_carried(part) for part in (result.plates, result.low_confidence))
    return FrameResult(plates, 0.0, 0.0, result.seen, low_confidence, readings=0, is_skipped=True)


def _all_carried(plates: tuple[PlateReading, ...]) -> tuple[PlateReading, ...]:
    return tuple(replace(plate, is_carried=True) for plate in plates)
