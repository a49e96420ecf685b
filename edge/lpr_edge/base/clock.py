"""A monotonic clock that returns the time of day."""

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SET_S = 2.0
"""Difference in seconds from which the wall clock counts as set, by a person or by NTP."""


class Clock:
    """Runs with the monotonic clock from the wall clock's time at the start; follows changes only on request.

    A Raspberry Pi has no battery for its clock: it boots days in the past, and jumps when the network is there.
    """

    def __init__(self) -> None:
        self._offset_s = _offset_s()

    def at(self, moment: float) -> datetime:
        """Convert a `monotonic` time to the time of day, UTC."""
        return EPOCH + timedelta(seconds=self._offset_s + moment)

    def now(self) -> datetime:
        """The time of day, UTC."""
        return self.at(time.monotonic())

    def follow(self) -> timedelta:
        """Adopt the wall clock's time if it was set; returns the difference, zero if it wasn't set."""
        offset_s = _offset_s()
        change_s = offset_s - self._offset_s
        if abs(change_s) < SET_S:
            return timedelta()
        self._offset_s = offset_s
        return timedelta(seconds=change_s)


def _offset_s() -> float:
    return time.time() - time.monotonic()
