"""What names a source of frames: a stream's URL or a path; light to import, as every command reads its settings."""

from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.base.units import TextValue
from lpr_edge.contract.base.url import Url, is_url, redact


class SourceAddress(TextValue):
    """A `StreamUrl` or a `SourcePath`."""

    @classmethod
    def parse(cls, text: str, key: str) -> "StreamUrl | SourcePath":
        """A stream's URL, else the path of an image, a folder or a video file; see `TextValue`."""
        return StreamUrl.parse(text, key) if is_url(text) else SourcePath(Path(text))


class StreamUrl(Url, SourceAddress):
    """The URL of a stream, of a camera's snapshots, or of a video file on a web server."""

    schemes = ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp", "tcp")
    """Which of them can be read, OpenCV's FFmpeg decides."""
    example = "rtsp://user:password@camera/stream"


@dataclass(frozen=True)
class SourcePath(SourceAddress):
    """A path, which may not exist."""

    path: Path

    def __str__(self) -> str:
        return redact(str(self.path))  # a mistyped URL looks like a path, and may hold a login

    def written(self) -> str:
        """See `TextValue`."""
        return str(self.path)
