"""A monotonic clock that gives the time of day."""

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SET_S = 2.0
"""Difference in seconds from which the wall clock counts as set, by a person or by NTP."""


class Clock:
    """Goes with the monotonic clock, from where the wall clock stands; it follows the wall clock only on request.

    A Raspberry Pi has no battery for its clock: it boots days in the past, and jumps when the network is there.
    """

    def __init__(self) -> None:
        self._offset_s = _offset_s()

    def at(self, moment: float) -> datetime:
        """The time of day of a moment (`monotonic`), UTC."""
        return EPOCH + timedelta(seconds=self._offset_s + moment)

    def now(self) -> datetime:
        """The time of day, UTC."""
        return self.at(time.monotonic())

    def follow(self) -> timedelta:
        """Take the wall clock's time where it was set; by how much, nothing where it wasn't."""
        offset_s = _offset_s()
        change_s = offset_s - self._offset_s
        if abs(change_s) < SET_S:
            return timedelta()
        self._offset_s = offset_s
        return timedelta(seconds=change_s)


def _offset_s() -> float:
    return time.time() - time.monotonic()
