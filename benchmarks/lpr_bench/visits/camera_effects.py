"""Camera effects on frames: shake, blur, noise, low light, rolling bars."""

from dataclasses import dataclass

import cv2
import numpy as np

from lpr_bench.visits.scripts import Moment
from lpr_edge.contract.base.arrays import Floats, Image

SHAKE_PX, SHAKE_STAYS = 2.0, 0.7
"""Standard deviation of a frame's shift, and the share of it that the next frame keeps."""
NOISE, NIGHT_NOISE = 4.0, 9.0
"""Standard deviation of a pixel's noise in levels of 255, by day and in the dark."""
BLUR_PX = (0.3, 1.1)
"""Least and most blur (sigma of a Gaussian)."""
ROOM_PX = 64
"""By how much noise is larger than a frame: each frame shows another part of it."""


@dataclass
class Camera:
    """A simulated camera; the same seed gives the same effects."""

    size_hw: tuple[int, int]
    seed: int

    def __post_init__(self) -> None:
        """Generate the noise once, because new noise for every frame would be too slow."""
        self._rng = np.random.default_rng(self.seed)
        self._shift = np.zeros(2, np.float32)
        height, width = self.size_hw
        noise = self._rng.standard_normal((height + ROOM_PX, width + ROOM_PX, 3), np.float32)
        self._noise = {level: np.rint(level * noise).astype(np.int16) for level in (NOISE, NIGHT_NOISE)}

    def shake(self) -> Floats:
        """Displacement (2,) of the next frame in pixels."""
        fresh = np.sqrt(1 - SHAKE_STAYS**2) * SHAKE_PX * self._rng.standard_normal(2)
        self._shift = (SHAKE_STAYS * self._shift + fresh).astype(np.float32)
        return self._shift

    def expose(self, scene_bgr: Image, moment: Moment, index: int) -> Image:
        """Apply the effects to a scene (H, W, 3).

        Args:
            scene_bgr: (H, W, 3) uint8, BGR.
            moment: light and bars of this frame.
            index: of the frame.
        """
        frame = cv2.GaussianBlur(scene_bgr, (0, 0), float(self._rng.uniform(*BLUR_PX)))
        if moment.light != 1.0:
            frame = cv2.convertScaleAbs(frame, alpha=moment.light)
        if moment.bars:
            frame = _under_bars(np.asarray(frame, np.uint8), moment.bars, index)
        top, left = (int(value) for value in self._rng.integers(0, ROOM_PX, 2))
        noise = self._noise[NOISE if moment.light >= 1.0 else NIGHT_NOISE]
        part = noise[top : top + self.size_hw[0], left : left + self.size_hw[1]]
        return np.asarray(cv2.add(frame, part, dtype=cv2.CV_8U), np.uint8)


def _under_bars(frame_bgr: Image, depth: float, index: int) -> Image:
    """Add two and a half dark bars, which move by a seventh of their distance per frame."""
    rows = np.arange(frame_bgr.shape[0], dtype=np.float32) / frame_bgr.shape[0]
    light = 1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * (2.5 * rows + index / 7)))
    return np.asarray(frame_bgr * light[:, None, None], np.uint8)
