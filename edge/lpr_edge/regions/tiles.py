"""Tiles of a large frame: which parts of it are looked at in full resolution, and in which order.

A network shrinks a large frame until a distant plate has too few pixels. Parts are looked at larger where plates are
followed that aren't settled, where the coarse view shows something like a plate, where something moves, and in turn
everywhere.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.regions.roi import Box
from lpr_edge.regions.shapes import Tiling

LARGE = 2.5
"""`auto`: frames whose longer side is more than so many times the network's are looked at in tiles."""
SIDE = 2.0
"""`auto`: side of a tile, relative to the network's."""
OVERLAP = 0.25
"""Share of a tile that its neighbour shows too."""
CLOSE_SIDE = 0.6
"""Side of the part around a plate, relative to the network's."""
CLOSE_PLATES = 3.0
"""That part is at least so many times as long as the plate."""
SAMPLES = 480
"""Places along the frame's longer side that are compared for motion."""
CHANGE = 20
"""Levels of 255 by which a place must change to have moved: less is noise of the camera."""
MAX_SHARE = 0.25
"""Share of the tiles that are looked at in one frame, but one at least; the first frame is looked at everywhere."""
MIN_MOVED = 6
"""Places of a tile that must have moved."""


def grid_of(tiling: Tiling, size_hw: tuple[int, int], network_side: int) -> list[Box]:
    """Divide a frame into tiles, row by row; empty if the frame is processed as a whole.

    Args:
        tiling: what is asked for.
        size_hw: height and width of the frame.
        network_side: longer side of the network's input.
    """
    if not tiling.is_on or (tiling.grid is None and max(size_hw) <= LARGE * network_side):
        return []
    if tiling.grid:
        sizes = [
            length / (count - (count - 1) * OVERLAP) for length, count in zip(size_hw, tiling.grid[::-1], strict=True)
        ]
    else:
        sizes = [min(length, SIDE * network_side) for length in size_hw]
    height, width = (round(size) for size in sizes)
    return [
        Box(left, top, left + width, top + height)
        for top in _starts(size_hw[0], height)
        for left in _starts(size_hw[1], width)
    ]


def _starts(length: int, size: int) -> list[int]:
    """Offsets of the tiles along one side, in pixels."""
    if size >= length:
        return [0]
    count = 1 + int(np.ceil((length - size) / (size * (1 - OVERLAP)) - 0.01))
    return [int(start) for start in np.linspace(0, length - size, count)]


class TilePlanner:
    """Chooses the tiles to process in each frame of one source."""

    def __init__(self, tiling: Tiling, network_side: int) -> None:
        """Create a planner that has seen no frame yet.

        Args:
            tiling: what is asked for.
            network_side: longer side of the network's input.
        """
        self._tiling, self._network_side = tiling, network_side
        self._before: Image | None = None
        """(h, w) grey samples of the frame before."""
        self._grid: list[Box] = []
        self._looked: list[int] = []
        """For each tile, the frame in which it was looked at last."""
        self._frames = 0

    def applies_to(self, frame_bgr: Image) -> bool:
        """Whether a frame (H, W, 3) is processed in tiles."""
        return bool(grid_of(self._tiling, _size(frame_bgr), self._network_side))

    def plan(self, frame_bgr: Image, plates_xy: Sequence[Quad]) -> Iterator[Box]:
        """List the parts of the next frame to process, the most urgent first; the caller stops when time is up.

        Args:
            frame_bgr: (H, W, 3), of the same size as before, or nothing of it counts.
            plates_xy: (4, 2) corners of plates that are to be seen closely.
        """
        moved, step = self._moved(frame_bgr)
        self._frames += 1
        close: list[Box] = []
        for quad_xy in plates_xy:
            if not any(box.has_near_its_middle(quad_xy.mean(axis=0)) for box in close):
                close.append(self._around(quad_xy, _size(frame_bgr)))
                _forget(moved, close[-1], step)
                yield close[-1]
        yield from self._in_turn(moved, step)

    def _in_turn(self, moved: Image, step: int) -> Iterator[Box]:
        """Tiles with motion, those first that weren't processed for the longest time; one tile where nothing moves."""
        is_first = max(self._looked) < 0
        for count in range(len(self._grid) if is_first else max(1, int(MAX_SHARE * len(self._grid)))):
            moves = [int(np.count_nonzero(_inner(box, step).of(moved))) for box in self._grid]
            left = [tile for tile in range(len(self._grid)) if self._looked[tile] != self._frames]
            moving = [tile for tile in left if moves[tile] >= MIN_MOVED]
            if count and not moving:
                return
            tile = min(moving or left, key=lambda tile: (self._looked[tile], -moves[tile]))
            self._looked[tile] = self._frames
            _forget(moved, self._grid[tile], step)
            yield self._grid[tile]

    def _moved(self, frame_bgr: Image) -> tuple[Image, int]:
        """Mask (h, w) bool of the samples that differ from the previous frame's, and their distance in pixels."""
        step = max(1, round(max(frame_bgr.shape[:2]) / SAMPLES))
        now = np.asarray(cv2.blur(np.ascontiguousarray(frame_bgr[::step, ::step, 1]), (3, 3)), np.uint8)
        before, self._before = self._before, now
        if before is None or before.shape != now.shape:
            self._grid = grid_of(self._tiling, _size(frame_bgr), self._network_side)
            self._looked = [-1] * len(self._grid)
            return np.ones_like(now), step
        return np.asarray(cv2.absdiff(now, before) > CHANGE, np.uint8), step

    def _around(self, quad_xy: Quad, size_hw: tuple[int, int]) -> Box:
        """The part around a plate, within the frame."""
        low, high = quad_xy.min(axis=0), quad_xy.max(axis=0)
        side = round(max(CLOSE_SIDE * self._network_side, CLOSE_PLATES * float((high - low).max())))
        height, width = min(side, size_hw[0]), min(side, size_hw[1])
        x, y = (low + high) / 2
        left = int(np.clip(x - width / 2, 0, size_hw[1] - width))
        top = int(np.clip(y - height / 2, 0, size_hw[0] - height))
        return Box(left, top, left + width, top + height)


def _inner(box: Box, step: int) -> Box:
    """Convert a part from pixels to samples, without its rim."""
    return Box(*(value // step for value in box))


def _forget(moved: Image, box: Box, step: int) -> None:
    """Clear the motion inside a part that was processed; the rim keeps it, since a plate may be cut there."""
    rim_x, rim_y = (OVERLAP / 2 * size for size in (box.right - box.left, box.bottom - box.top))
    shown = Box(round(box.left + rim_x), round(box.top + rim_y), round(box.right - rim_x), round(box.bottom - rim_y))
    _inner(shown, step).of(moved)[:] = 0


def _size(frame_bgr: Image) -> tuple[int, int]:
    height, width = frame_bgr.shape[:2]
    return height, width
