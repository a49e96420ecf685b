import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import features
from tests.support.readings import START, frame, plate

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.plate_font import font_face
from lpr_edge.output.annotate import INVALID_BGR, LOW_CONFIDENCE_BGR, VALID_BGR, _caption, draw_plates, text_patch
from lpr_edge.output.recording import ImageFolder, VideoFile, file_name, fit
from lpr_edge.output.window import Window, check_display
from lpr_edge.wiring.frame_outputs import FrameOutputs


def width_of(text: str) -> int:
    return text_patch(text, 64, VALID_BGR).shape[1]


def test_frame_itself_stays_as_it_was() -> None:
    """Drawing is done on a copy: the tracker and other views keep the clean frame."""
    image = np.zeros((120, 200, 3), np.uint8)
    picture = draw_plates(image, [plate("A10")])
    assert not image.any()
    assert picture.any()


def test_corners_are_drawn_where_they_are() -> None:
    """The outline runs through the corners, green for a valid reading and orange for a strange one."""
    image = np.zeros((120, 200, 3), np.uint8)
    for text, colour in (("A10", VALID_BGR), ("0A0A", INVALID_BGR)):
        picture = draw_plates(image, [plate(text)])
        np.testing.assert_allclose(picture[70, 80].astype(int), colour, atol=40)
        assert not picture[60, 80].any()


def test_a_low_confidence_is_yellow_with_a_question_mark() -> None:
    """Whether valid or not, such a reading looks like neither of the others."""
    image = np.zeros((120, 200, 3), np.uint8)
    sure = plate("A10")
    unsure = replace(sure, is_confident=False)
    picture = draw_plates(image, [unsure])
    np.testing.assert_allclose(picture[70, 80].astype(int), LOW_CONFIDENCE_BGR, atol=40)
    assert _caption(unsure).startswith("A10?")
    assert "?" not in _caption(sure)


def test_photographs_show_plates_of_low_confidence_and_clips_do_not(tmp_path: Path) -> None:
    """A clip shows a plate again; a photograph with nothing drawn on a legible plate reads as broken."""
    unsure = replace(plate("A10"), is_confident=False)
    for kind, is_drawn in (("stills", True), ("clip", False)):
        views = FrameOutputs(kind, folder=ImageFolder(tmp_path / kind, "a.png"), every_frame=True)
        views.show(replace(frame(0), source="a.png"), [plate("A10", 120.0)], [unsure])
        (written,) = (tmp_path / kind).iterdir()
        picture = cv2.imread(str(written)).astype(int)
        assert (abs(picture[70, 80] - LOW_CONFIDENCE_BGR).max() < 60) == is_drawn


@pytest.mark.parametrize(("x", "y"), [(-20.0, 0.0), (190.0, 110.0), (50.0, -30.0), (-500.0, 50.0)])
def test_plates_at_the_edge_are_drawn_as_far_as_they_go(x: float, y: float) -> None:
    """A plate partly or wholly outside the frame raises nothing, and its text stays inside."""
    picture = draw_plates(np.zeros((120, 200, 3), np.uint8), [plate("A104", x, y=y)])
    assert picture.shape == (120, 200, 3)
    assert picture.any()


def test_tiny_frame_holds_what_it_can() -> None:
    """A frame smaller than the text is no error."""
    assert draw_plates(np.zeros((8, 10, 3), np.uint8), [plate("A104", 0, y=0)]).shape == (8, 10, 3)


def test_devanagari_is_drawn_not_question_marks() -> None:
    """Every label has a glyph of its own: none looks like that of a character the font lacks."""
    missing = text_patch("\U0001f9ff", 64, VALID_BGR)
    patches = {text: text_patch(text, 64, VALID_BGR) for text in ("०", "५", "बा", "लु", "प्रदेश", "A")}
    for patch in patches.values():
        assert patch.shape != missing.shape or not np.array_equal(patch, missing)
    assert len({patch.tobytes() for patch in patches.values()}) == len(patches)


def test_font_in_a_page() -> None:
    """The whole font stands in the CSS, and gives Devanagari alone."""
    face = font_face("plates")
    assert "font-family: plates; unicode-range: U+0900-097F" in face
    assert base64.b64decode(face.partition("base64,")[2].rstrip(") }"))[:4] == b"\0\1\0\0"


@pytest.mark.skipif(not (features.check("raqm") and features.check("fribidi")), reason="Pillow can't shape here")
def test_devanagari_is_shaped() -> None:
    """Conjuncts are joined: प्र is narrower than its three code points side by side."""
    assert width_of("प्र") < width_of("प") + width_of("र") - width_of("")


def test_video_has_the_frames_size_and_pace(tmp_path: Path) -> None:
    """A clip is as long as its source, also where frames were skipped: the last picture stands meanwhile."""
    video = VideoFile(tmp_path / "out.avi", 10.0)
    for index in (0, 1, 2, 7, 9):
        video.write(np.full((48, 64, 3), 20 * index, np.uint8), frame(index).time)
    video.close()
    capture = cv2.VideoCapture(str(tmp_path / "out.avi"))
    brightness = []
    while (read := capture.read())[0]:
        assert read[1].shape == (48, 64, 3)
        brightness.append(round(float(read[1].mean()) / 20))
    assert len(brightness) == 10
    assert brightness[:3] == [0, 1, 2]
    assert brightness[-1] == 9


def test_pictures_of_other_sizes_fit_in(tmp_path: Path) -> None:
    """A folder of pictures of many sizes makes one clip of the first one's size, each picture whole."""
    fitted = fit(np.full((100, 10, 3), 200, np.uint8), (64, 48))
    assert fitted.shape == (48, 64, 3)
    assert (fitted[:, :4] == 200).all()
    assert not fitted[:, 6:].any()
    video = VideoFile(tmp_path / "out.mp4", 1.0)
    video.write(np.zeros((47, 63, 3), np.uint8), START)
    video.write(np.zeros((90, 20, 3), np.uint8), START + timedelta(seconds=1))
    video.close()
    assert cv2.VideoCapture(str(tmp_path / "out.mp4")).get(cv2.CAP_PROP_FRAME_WIDTH) == 62


def test_videos_that_cannot_be_saved(tmp_path: Path) -> None:
    """An unknown ending is refused before anything is read, a missing folder when the first picture comes."""
    with pytest.raises(LprError, match=r"can't save a video as out\.gif: its name must end in \.mp4"):
        VideoFile(tmp_path / "out.gif", 10.0)
    video = VideoFile(tmp_path / "missing" / "out.mp4", 10.0)
    with pytest.raises(LprError, match=r"can't write the video .*does its folder exist"):
        video.write(np.zeros((48, 64, 3), np.uint8), START)


def test_originals_are_never_overwritten(tmp_path: Path) -> None:
    """The folder that is read, by itself or through one of its pictures, is refused as the folder to save in."""
    (tmp_path / "a.jpg").touch()
    for source in (tmp_path, tmp_path / "a.jpg"):
        with pytest.raises(LprError, match="would overwrite the pictures that are read"):
            ImageFolder(tmp_path, str(source))
    assert ImageFolder(tmp_path / "new" / "deep", str(tmp_path)).folder.is_dir()


def test_picture_that_cannot_be_saved(tmp_path: Path) -> None:
    """A picture that can't be written is told."""
    folder = ImageFolder(tmp_path / "out", "camera 0")
    with pytest.raises(LprError, match=r"can't write .*is the disk full"):
        folder.write(np.zeros((4, 4, 3), np.uint8), "missing/a.jpg")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("camera 0", "camera-0-000007.jpg"),
        ("/videos/gate 1.mp4", "gate-1-000007.jpg"),
        ("rtsp://gate/live?a=1", "live-a-1-000007.jpg"),
    ],
)
def test_frames_have_names_that_every_file_system_takes(source: str, name: str) -> None:
    """A frame is named after its source and number, without signs that are special anywhere."""
    assert file_name(source, 7) == name


def test_no_display_is_told_before_a_window_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a display, or with one that doesn't answer, `--show` is an error with a way round, not a crash."""
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(LprError, match=r"no display to show a window on .*--save-video FILE"):
        Window()
    for display in (":987", "127.0.0.1:987", "nonsense"):
        monkeypatch.setenv("DISPLAY", display)
        with pytest.raises(LprError, match=f"the display {display} doesn't answer"):
            check_display()


def test_an_opencv_without_windows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux's usual build has none: `--show` says in one line what to install, or what does without."""

    def no_window(*_: object) -> None:
        raise cv2.error("The function is not implemented. Rebuild the library with GTK+ 2.x")

    monkeypatch.setattr("lpr_edge.output.window.check_display", lambda: None)
    monkeypatch.setattr(cv2, "namedWindow", no_window)
    with pytest.raises(LprError, match=r"-y opencv-python-headless && pip install opencv-python==.*--web"):
        Window()
