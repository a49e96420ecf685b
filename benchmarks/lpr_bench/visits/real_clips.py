"""Real clips with ground truth of their visits, from a `visits.jsonl` in the same folder."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from lpr_bench.visits.clips import START, MarkedFrame, Visit
from lpr_edge.capture.frame import Frame
from lpr_edge.capture.video_file import open_clip
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.text_files import parse_json, read_lines

FILE = "visits.jsonl"
EXAMPLE = '{"clip": "gate.mp4", "visits": [{"text": "…", "first_s": 3.2, "last_s": 7.9}]}'


class RealClip:
    """A video file with its visits; the positions of plates are unknown."""

    def __init__(self, path: Path, visits: tuple[Visit, ...]) -> None:
        self.path = path
        self.name = path.name
        self.visits = visits
        self.seconds = 0.0
        """How long the clip lasts; known when its frames have been read."""

    def frames(self) -> Iterator[MarkedFrame]:
        """The frames, in order, from `START` on."""
        source = open_clip(self.path)
        begin = None
        for frame in source.frames:
            if isinstance(frame, Frame):
                begin = begin or frame.time
                position: timedelta = frame.time - begin
                self.seconds = position.total_seconds()
                yield MarkedFrame(Frame(frame.image_bgr, self.name, frame.index, START + position), None)


def load_real_clips(folder: Path) -> list[RealClip]:
    """Load the clips that `visits.jsonl` lists; empty if the folder has no such file.

    Raises:
        DataError: a line isn't as it should be, or its clip is missing; it names the line.
    """
    path = folder / FILE
    return [_clip_of(line, number, path) for number, line in read_lines(path)] if path.exists() else []


def _clip_of(line: str, number: int, path: Path) -> RealClip:
    try:
        values = parse_json(line)
        name = str(values["clip"])
        visits = [Visit(str(v["text"]), name, name, float(v["first_s"]), float(v["last_s"])) for v in values["visits"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}, line {number}: {error!r}; a line is {EXAMPLE}") from error
    clip = path.parent / name
    if not clip.is_file():
        raise DataError(f"{path}, line {number}: no clip {clip}; put it there, or leave the line out")
    return RealClip(clip, tuple(sorted(visits, key=lambda visit: visit.first_s)))
