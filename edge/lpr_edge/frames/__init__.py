"""Where pictures come from: a camera, a stream, a file or a folder, as `for frame in source.frames`."""

from lpr_edge.frames.frame import Frame, Frames, Source, Unreadable
from lpr_edge.frames.opening import open_camera, open_source

__all__ = ["Frame", "Frames", "Source", "Unreadable", "open_camera", "open_source"]
