"""Cameras made of arrays, for runs over several of them."""

import time
from collections.abc import Callable, Iterator
from threading import Event

import numpy as np
from tests.support.golden import tinyland

from lpr_edge.capture.frame import Frames, Source
from lpr_edge.capture.live import live_frames
from lpr_edge.contract.base.arrays import Image


def street(seed: int) -> Image:
    rng = np.random.default_rng(seed)
    return tinyland.draw_scene(tinyland.random_rows(rng), rng).image_bgr


class ArrayCamera:
    """A camera that shows pictures, a little noise in each, at a pace; what it does in the end is its own matter."""

    def __init__(self, image: Image, fps: float = 50.0, count: int = 1_000_000, at_end: Callable[[], object] = bool):
        self._image, self._pause_s, self._left, self._at_end = image, 1 / fps, count, at_end
        self._noise = np.random.default_rng(0)
        self.released = Event()

    def read(self) -> tuple[bool, Image | None]:
        time.sleep(self._pause_s)
        if self._left <= 0:
            found = self._at_end()
            return (False, None) if not isinstance(found, np.ndarray) else (True, found)
        self._left -= 1
        image = self._image.copy()
        image[0, 0] = self._noise.integers(0, 256, 3)
        return True, image

    def release(self) -> None:
        self.released.set()


def live(camera: ArrayCamera, patience_s: float = 10.0) -> Source:
    """A source of a camera that isn't opened again by itself."""
    return Source("made", "live", 25.0, live_frames(camera, "made", "look at it", patience_s=patience_s))


def once(frames: Iterator[object]) -> Frames:
    yield from frames  # type: ignore[misc]  # whatever a test wants to be given
