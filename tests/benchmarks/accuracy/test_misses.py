from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_bench.accuracy.misses import FOUND_BGR, TRUTH_BGR, MissFolder, draw_miss
from lpr_bench.accuracy.plates import ReadPlate, score_photos
from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto

HERE: Quad = np.array([[50, 80], [150, 80], [150, 130], [50, 130]], np.float32)
THERE: Quad = np.array([[200, 180], [260, 180], [260, 210], [200, 210]], np.float32)


def label(quad: Quad, legible: str = "full") -> PlateLabel:
    return PlateLabel(quad, ("बा१प", "२३"), legible, "devanagari", "car")


@pytest.mark.parametrize(
    ("labels", "found", "drawn"),
    [
        ([label(HERE)], [ReadPlate(HERE, "बा१प२३")], 0),
        ([label(HERE)], [ReadPlate(HERE, "बा१प२")], 1),
        ([label(HERE)], [], 1),
        ([], [ReadPlate(THERE, "क")], 1),
        ([label(HERE, "none")], [], 0),
        ([label(HERE, "partial")], [ReadPlate(HERE, "क")], 0),
        ([label(HERE, "partial")], [], 1),
    ],
)
def test_photographs_with_mistakes_are_drawn(
    tmp_path: Path, labels: list[PlateLabel], found: list[ReadPlate], drawn: int
) -> None:
    """Misread and missed plates and false alarms are drawn; right ones, and plates that nobody can read, aren't."""
    cv2.imwrite(str(tmp_path / "a.png"), np.full((240, 320, 3), 90, np.uint8))
    folder = MissFolder(tmp_path / "misses")
    score_photos([PlatePhoto(tmp_path / "a.png", "test", "made", tuple(labels))], lambda *_: found, [folder.observe])
    assert folder.written == drawn
    assert [path.name for path in (tmp_path / "misses").iterdir()] == ["a.jpg"] * drawn


def test_drawing_shows_truth_and_finding() -> None:
    """The truth's colour and the finding's are both on the picture, and the frame itself is left as it was."""
    frame = np.full((240, 320, 3), 90, np.uint8)
    picture = draw_miss(frame, [label(HERE)], [ReadPlate(THERE, "क")])
    for colour in (TRUTH_BGR, FOUND_BGR):
        assert (picture == np.array(colour, np.uint8)).all(axis=-1).sum() > 100
    assert (frame == 90).all()


def test_plate_at_the_edge_is_drawn_inside() -> None:
    """Captions of plates that reach out of a small picture stay inside it."""
    frame = np.full((30, 40, 3), 90, np.uint8)
    assert draw_miss(frame, [label(HERE)], [ReadPlate(HERE - 60, "बा१प२३")]).shape == frame.shape


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in the folder's place is named, with what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LprError, match=r"can't make .*file.* --misses DIR"):
        MissFolder(tmp_path / "file")
