"""Corrections of the history that become hand-labelled examples."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.histories import event, history_of
from tests.support.pages import page, post

from lpr_edge.app.cli import main
from lpr_edge.collect.collect_folder import CollectFolder, Limits
from lpr_edge.collect.corrections import CorrectionKeeper, rows_like
from lpr_edge.config.loading import load_config
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import load_plates
from lpr_edge.history.access import HistoryAccess
from lpr_edge.history.pictures import LONGEST_SIDE, PictureFolder
from lpr_edge.text.grammar import Grammar
from lpr_edge.wiring.wire_pages import open_pages

NEPAL = load_country()
QUAD = [[900.0, 600.0], [1500.0, 600.0], [1500.0, 900.0], [900.0, 900.0]]


def jpeg_of(frame_bgr: Image) -> bytes:
    return cv2.imencode(".jpg", frame_bgr)[1].tobytes()


def frame_of(size_hw: tuple[int, int]) -> Image:
    """Dark, and white where the plate is."""
    frame = np.zeros((*size_hw, 3), np.uint8)
    frame[600:900, 900:1500] = 255
    return frame


def collecting(tmp_path: Path, frame_bgr: Image, **others: Any) -> HistoryAccess:
    """A history of one event, whose corrections are kept in `tmp_path / "new"`."""
    record = event(0, "बा१प१२३४", quad=QUAD, rows=["बा१प", "१२३४"]) | others
    history_of(tmp_path / "history", [record], {"frame": jpeg_of(frame_bgr)})
    limits = Limits(0, timedelta())
    keeper = CorrectionKeeper(lambda: CollectFolder(tmp_path / "new", NEPAL, limits), NEPAL)
    return HistoryAccess(tmp_path / "history", Grammar(NEPAL), keep=keeper.keep)


@pytest.mark.parametrize("size_hw", [(1080, 1920), (900, 1500), (960, 1280)])
def test_a_correction_becomes_an_example(tmp_path: Path, size_hw: tuple[int, int]) -> None:
    """Its label is `hand`, and its corners those in the stored picture, which is smaller than the camera's frame."""
    access = collecting(tmp_path, frame_of(size_hw))
    access.correct("e0", "ba 1 pa 1235", "Sita", 0.0)
    (photo,) = load_plates(tmp_path / "new", "train")
    (plate,) = photo.plates
    assert (plate.rows, plate.label, photo.is_ground_truth) == (("बा१प", "१२३५"), "hand", True)
    picture = cv2.imread(str(photo.path), cv2.IMREAD_GRAYSCALE)
    assert max(picture.shape) == min(LONGEST_SIDE, max(size_hw))
    left, top = np.rint(plate.quad_xy.min(axis=0)).astype(int)
    right, bottom = (int(value) for value in np.rint(plate.quad_xy.max(axis=0)).clip(0, picture.shape[::-1]))
    assert picture[top + 3 : bottom - 3, left + 3 : right - 3].min() > 200
    picture[top - 2 : bottom + 2, left - 2 : right + 2] = 0
    assert picture.max() < 60


def test_the_latest_correction_of_an_event_holds(tmp_path: Path) -> None:
    """An earlier one of the same event is replaced, with its picture."""
    access = collecting(tmp_path, frame_of((1080, 1920)))
    for text in ("ba 1 pa 1235", "ba 2 pa 1235"):
        access.correct("e0", text, "Sita", 0.0)
    (line,) = (tmp_path / "new/plates/labels.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["plates"][0]["rows"] == ["बा२प", "१२३५"]
    assert len(list((tmp_path / "new/plates/images").iterdir())) == 1


def test_a_correction_that_cannot_be_kept_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without corners there is no example; the history has the correction all the same, and one line says why."""
    access = collecting(tmp_path, frame_of((1080, 1920)), quad=None)
    found = access.correct("e0", "ba 1 pa 1235", "Sita", 0.0)
    assert found is not None
    assert found.text == "बा१प१२३५"
    assert not (tmp_path / "new").exists()
    assert "the correction of e0 isn't kept for training" in capsys.readouterr().err


def test_a_picture_of_unknown_scale_is_not_taken(tmp_path: Path) -> None:
    """An older lpr stored a reduced frame without its scale: its corners would be wrong."""
    access = collecting(tmp_path, frame_of((1080, 1920)))
    (path,) = (tmp_path / "history/pictures").rglob("*-frame.jpg")
    path.write_bytes(jpeg_of(np.zeros((720, 1280, 3), np.uint8)))
    access.correct("e0", "ba 1 pa 1235", "Sita", 0.0)
    assert not (tmp_path / "new").exists()
    path.write_bytes(jpeg_of(np.zeros((480, 640, 3), np.uint8)))
    number = int(path.name.split("-")[0])
    frame = PictureFolder(tmp_path / "history/pictures").read_frame(number)
    assert frame is not None
    assert frame[1] == 1.0


@pytest.mark.parametrize(
    ("text", "read", "rows"),
    [
        ("बा१प१२३५", ["बा१प", "१२३४"], ["बा१प", "१२३५"]),
        ("बा२१प१२३४", ["बा१प", "१२३४"], ["बा२१प", "१२३४"]),
        ("बा१प१२३", ["बा१प", "१२३४"], ["बा१प", "१२३"]),
        ("बा१प१२३४", ["बा१प१२३"], ["बा१प१२३४"]),
        ("बा१प१२३४", [], ["बा१प१२३४"]),
        ("बा", ["बा१प", "१२३४"], ["बा"]),
        ("प्र३०२च१२३४", ["प्र३", "०२च", "१२३"], ["प्र३", "०२च", "१२३४"]),
    ],
)
def test_rows_are_where_they_were_read(text: str, read: list[str], rows: list[str]) -> None:
    """Each row is as much like the one that was read as can be; nothing is guessed without rows."""
    assert rows_like(text, read, NEPAL) == rows


def test_the_command_keeps_a_correction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`lpr-edge events correct` keeps it where its settings collect, as the page does; a search makes no folder."""
    record = event(0, quad=QUAD, rows=["बा१प", "१२३४"])
    history_of(tmp_path / "history", [record], {"frame": jpeg_of(frame_of((1080, 1920)))})
    file = tmp_path / "lpr.toml"
    settings = f'history = "30d"\nhistory_folder = "{tmp_path / "history"}"\n'
    file.write_text(settings, encoding="utf-8")
    correct = ["events", "correct", "e0", "ba 1 pa 1235", "--config", str(file)]
    assert main(correct) == 0
    file.write_text(f'{settings}collect = "{tmp_path / "new"}"\n', encoding="utf-8")
    assert main(["events", "search", "--config", str(file)]) == 0
    assert not (tmp_path / "new").exists()
    assert main(correct) == 0
    assert [photo.plates[0].rows for photo in load_plates(tmp_path / "new", "train")] == [("बा१प", "१२३५")]
    assert capsys.readouterr().err == ""


def test_the_page_keeps_a_correction(tmp_path: Path) -> None:
    """With the pages that the settings ask for, a correction is collected, and the reader may train on it."""
    record = event(0, quad=QUAD, rows=["बा१प", "१२३४"])
    history_of(tmp_path / "history", [record], {"frame": jpeg_of(frame_of((1080, 1920)))})
    file = tmp_path / "lpr.toml"
    file.write_text(
        f'history = "30d"\nhistory_folder = "{tmp_path / "history"}"\ncollect = "{tmp_path / "new"}"\n',
        encoding="utf-8",
    )
    body = json.dumps({"id": "e0", "text": "ba 1 pa 1235"}).encode()
    with page(pages=open_pages(load_config(file))) as live:
        assert post(live, "/api/history/correct", body, {"Content-Type": "application/json", "X-Lpr": "1"})[0] == 200
    (photo,) = load_plates(tmp_path / "new", "train")
    assert [(plate.rows, plate.label) for plate in photo.plates] == [(("बा१प", "१२३५"), "hand")]
