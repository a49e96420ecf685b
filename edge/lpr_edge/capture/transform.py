"""Rotate, subsample and rename the frames of a source."""

from dataclasses import replace
from pathlib import PurePath

import cv2
import numpy as np

from lpr_edge.capture.frame import Frame, Frames, NoFrame, Source

TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
"""Degrees clockwise -> OpenCV's name of the turn."""


def shape_frames(source: Source, rotate: int = 0, every: int = 1) -> Source:
    """Rotate a source's frames, and skip some of them.

    Args:
        source: any.
        rotate: degrees clockwise, 0, 90, 180 or 270.
        every: one frame of so many is read; of pictures in a folder, too.
    """
    if not rotate and every == 1:
        return source
    return replace(source, fps=source.fps / every, frames=_shaped(source.frames, rotate, every))


def _shaped(frames: Frames, rotate: int, every: int) -> Frames:
    try:
        number = -1
        for frame in frames:
            if isinstance(frame, NoFrame):
                yield frame
                continue
            number += 1
            if number % every:
                continue
            if isinstance(frame, Frame) and rotate:
                turned = np.asarray(cv2.rotate(frame.image_bgr, TURNS[rotate]), np.uint8)
                yield replace(frame, image_bgr=turned)
            else:
                yield frame
    finally:
        frames.close()


def name_frames(source: Source, name: str) -> Source:
    """Replace the source's address in its frames by the name that the user gave.

    Args:
        source: any; its own name stays what messages call it.
        name: what records call it; of pictures, `name/file`. Empty changes nothing.
    """
    return replace(source, frames=_named(source, name)) if name else source


def _named(source: Source, name: str) -> Frames:
    try:
        for frame in source.frames:
            own = f"{name}/{PurePath(frame.source).name}" if source.kind == "stills" else name
            yield replace(frame, source=own)
    finally:
        source.frames.close()
