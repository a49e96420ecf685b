"""The item of a camera that is processed next: its newest frame, or the next frame of a video file."""

from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Condition
from time import monotonic

from lpr_edge.capture.frame import Frame, NoFrame
from lpr_edge.contract.base.errors import LprError


@dataclass(frozen=True)
class SourceEnd:
    """The end of a camera's frames."""

    error: LprError | None
    """Why, where that was before its time."""


Item = Frame | NoFrame | SourceEnd


class NewestItem:
    """Holds one item of a camera; one thread puts items, another one takes them."""

    def __init__(self, changed: Condition) -> None:
        """Create an empty holder.

        Args:
            changed: notified whenever something is put; the cameras of one run share it.
        """
        self._changed = changed
        self._frame: Frame | None = None
        self._put_at = 0.0
        self._moment: NoFrame | None = None
        self._end: SourceEnd | None = None
        self._is_closed = False

    def put(self, item: Frame | NoFrame, waits: bool) -> None:
        """Replace the item.

        Args:
            item: a frame, or a moment without one.
            waits: until the frame before has been taken, as for a clip, of which every frame is read.
        """
        with self._changed:
            if isinstance(item, NoFrame):
                self._put_moment(item)
            else:
                self._changed.wait_for(lambda: not waits or self._frame is None or self._is_closed)
                self._frame, self._put_at = item, monotonic()
            self._changed.notify_all()

    def _put_moment(self, moment: NoFrame) -> None:
        """Store a moment without a frame; changes of the clock are summed, and a frame from before one is dropped."""
        if moment.clock_set:
            self._frame = None
        before = self._moment.clock_set if self._moment else timedelta()
        self._moment = replace(moment, clock_set=moment.clock_set + before)

    def end(self, error: LprError | None) -> None:
        """Mark the end; the stored item can still be taken."""
        with self._changed:
            self._end = SourceEnd(error)
            self._changed.notify_all()

    def take(self) -> Item | None:
        """Take the item, a change of the clock before its frame; None without an item.

        The caller holds `changed`.
        """
        frame, moment = self._frame, self._moment
        if moment is not None and (frame is None or moment.clock_set):
            self._moment = None
            return moment
        if frame is not None:
            self._frame = self._moment = None
            self._changed.notify_all()
            waited_ms = 1000 * (monotonic() - self._put_at)
            return frame if frame.age_ms is None else replace(frame, age_ms=frame.age_ms + waited_ms)
        end, self._end = self._end, None
        return end

    def close(self) -> None:
        """Release threads that wait in `put`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
