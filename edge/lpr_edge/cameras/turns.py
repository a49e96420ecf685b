"""Fair scheduling of cameras: the one whose frame was processed last is served last."""

from collections.abc import Iterator, Sequence
from threading import Condition
from time import monotonic

from lpr_edge.cameras.feed import CameraFeed
from lpr_edge.cameras.newest import Item, SourceEnd

TICK_S = 0.5
"""Interval in seconds at which the loop runs without a frame of any camera: it feeds a watchdog."""
CLOSE_S = 1.0
"""How long closing waits for all cameras together; a stop must be over in 2 s, and sinks take some of it."""


class FairTurns:
    """Takes the cameras' items in round-robin order."""

    def __init__(self, feeds: Sequence[CameraFeed], changed: Condition) -> None:
        """Connect the cameras.

        Args:
            feeds: not started yet.
            changed: the condition that they share.
        """
        self._feeds = list(feeds)
        self._changed = changed

    def items(self) -> Iterator[tuple[str, Item] | None]:
        """Yield a camera's name and item, or None twice a second without any; ends when all cameras have ended."""
        for feed in self._feeds:
            feed.start()
        waiting = list(self._feeds)
        while waiting:
            turn = self._next(waiting)
            if turn is None:
                yield None
                continue
            feed, item = turn
            waiting.remove(feed)
            if not isinstance(item, SourceEnd):
                waiting.append(feed)
            yield feed.name, item

    def live(self) -> set[str]:
        """Names of the cameras that aren't video files."""
        return {feed.name for feed in self._feeds if feed.is_live}

    def close(self) -> None:
        """Stop all cameras."""
        for feed in self._feeds:
            feed.stop()
        end = monotonic() + CLOSE_S
        for feed in self._feeds:
            feed.join(max(0.0, end - monotonic()))

    def _next(self, waiting: Sequence[CameraFeed]) -> tuple[CameraFeed, Item] | None:
        """The first waiting camera that has an item, with the item."""
        end = monotonic() + TICK_S
        with self._changed:
            while True:
                for feed in waiting:
                    item = feed.newest.take()
                    if item is not None:
                        return feed, item
                if not self._changed.wait(end - monotonic()) and monotonic() >= end:
                    return None
