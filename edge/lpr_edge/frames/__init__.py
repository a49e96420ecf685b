"""Where pictures come from: a camera, a stream, a file or a folder, as `for frame in source.frames`."""

from lpr_edge.frames.frame import Frame, Frames, Quiet, Source, Unreadable
from lpr_edge.frames.opening import Wanted, open_camera, open_source
from lpr_edge.frames.shaping import name_frames, shape_frames

__all__ = [
    "Frame",
    "Frames",
    "Quiet",
    "Source",
    "Unreadable",
    "Wanted",
    "name_frames",
    "open_camera",
    "open_source",
    "shape_frames",
]
