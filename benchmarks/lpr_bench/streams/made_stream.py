"""A stream of a gate's camera: an empty street, past which vehicles drive in a share of the time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from lpr_bench.base.frames import FramePool
from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Image

FPS = 15.0
"""Frames a second of the camera's own clock."""
PASSING = 30
"""Frames in which a vehicle passes."""
STEP_PX = 6
"""By so much a passing vehicle moves from frame to frame."""
START = datetime(2026, 1, 1, tzinfo=UTC)


def stream_frames(pool: FramePool, fraction: float, count: int, name: str = "stream") -> Iterator[Frame]:
    """Frames of one stream.

    Args:
        pool: rendered frames with a plate and without.
        fraction: of the time in which a vehicle passes, 0 to 1.
        count: number of frames.
        name: of the stream.
    """
    turn = round(PASSING / fraction) if fraction else count
    for index in range(count):
        number, moment = divmod(index, turn)
        image = _frame(pool, number, moment, moment < PASSING and fraction > 0)
        yield Frame(image, name, index, START + timedelta(seconds=index / FPS))


def _frame(pool: FramePool, number: int, moment: int, passes: bool) -> Image:
    """A frame of the empty street; or the one with a plate, moved sideways from moment to moment."""
    if not passes:
        return pool.without[0]
    shown = pool.with_plate[number % len(pool.with_plate)]
    return np.ascontiguousarray(np.roll(shown, STEP_PX * (moment - PASSING // 2), axis=1))
