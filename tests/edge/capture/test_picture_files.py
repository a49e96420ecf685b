import os
from pathlib import Path

import cv2
import pytest
from tests.edge.capture.test_sources import picture, write_clip

from lpr_edge.capture.frame import Frame, UnreadableImage
from lpr_edge.capture.open_source import open_source
from lpr_edge.contract.base.errors import SourceError


def test_a_picture_of_another_kind_is_told(tmp_path: Path) -> None:
    """A phone's HEIC in a folder, or alone, isn't passed over: it is named, with what to do; hidden files are none."""
    cv2.imwrite(str(tmp_path / "a.png"), picture(9))
    cv2.imwrite(str(tmp_path / "b.tif"), picture(9))
    (tmp_path / "c.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "._a.png").write_bytes(b"a Mac's")
    (tmp_path / "Thumbs.db").write_bytes(b"of Windows")
    readable, tif, heic = open_source(str(tmp_path)).frames
    assert isinstance(readable, Frame)
    assert isinstance(tif, Frame)
    assert isinstance(heic, UnreadableImage)
    assert "c.HEIC is HEIC, which lpr doesn't read: save it as JPEG or PNG" in heic.error
    with pytest.raises(SourceError, match="is HEIC, which lpr doesn't read"):
        open_source(str(tmp_path / "c.HEIC"))


def test_a_picture_with_a_foreign_name_is_read(tmp_path: Path) -> None:
    """Bytes of a name that are no UTF-8 stand in hexadecimal in what is told, which every sink can write."""
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    path.write_bytes(cv2.imencode(".png", picture(9))[1].tobytes())
    for source in (tmp_path, path):
        (frame,) = open_source(str(source)).frames
        assert isinstance(frame, Frame)
        assert frame.source == f"{tmp_path}/caf\\xe9.png"


def test_a_clip_with_a_foreign_name_is_refused(tmp_path: Path) -> None:
    """OpenCV crashes on such a name, so it never gets it."""
    path = write_clip(tmp_path / "a.avi", 3).rename(tmp_path / os.fsdecode(b"caf\xe9.avi"))
    with pytest.raises(SourceError, match=r"the name of the video .*caf\\xe9.avi isn't UTF-8: rename it"):
        open_source(str(path))
