"""Image files and folders as sources."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lpr_edge.capture.frame import Frame, Frames, Source, UnreadableImage
from lpr_edge.contract.base.errors import DataError, SourceError
from lpr_edge.contract.base.pictures import PICTURES, is_foreign_picture, is_picture, read_picture
from lpr_edge.contract.base.text_files import shown


def open_picture(path: Path) -> Source:
    """Open one image file."""
    return Source(shown(path), "stills", 1.0, _read_all([path]))


def open_folder(folder: Path) -> Source:
    """Open a folder's image files in the order of their names.

    Raises:
        SourceError: there are none.
    """
    paths = list_pictures(folder)
    return Source(shown(folder), "stills", 1.0, _read_all(paths))


def list_pictures(folder: Path) -> list[Path]:
    """List the image files directly in a folder by name, including unsupported formats, so that each gets an error.

    Raises:
        SourceError: there are none.
    """
    paths = sorted(path for path in folder.iterdir() if is_picture(path) or is_foreign_picture(path))
    if not paths:
        raise SourceError(f"no pictures in {shown(folder)}: expected files that end in {', '.join(PICTURES)}")
    return paths


def _read_all(paths: Sequence[Path]) -> Frames:
    for path in paths:
        yield read_still(path)


def read_still(path: Path) -> Frame | UnreadableImage:
    """Read an image file; on failure returns an error record instead of raising."""
    try:
        taken = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Frame(read_picture(path), shown(path), 0, taken)
    except (DataError, OSError) as error:
        return UnreadableImage(shown(path), str(error))
