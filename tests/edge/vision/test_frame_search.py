from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.regions.shapes import TILES_AUTO
from lpr_edge.regions.tiles import CLOSE_SIDE, LARGE
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.frame_search import LOOK_AGAIN, FrameSearch, SearchArea
from lpr_edge.vision.plates import ExpectedPlate, FoundPlate

SIDE, THRESHOLD = 100, 0.5
FRAME_HW = (300, round(LARGE * SIDE) + 150)
CLOSE = round(CLOSE_SIDE * SIDE)
"""Height and width of the part around a plate."""


def quad_at(x: float, y: float = 150.0) -> Quad:
    return np.array([[x, y], [x + 20, y], [x + 20, y + 8], [x, y + 8]], np.float32)


class Views:
    """A detector that finds what it is given in the whole frame, nothing in tiles, and keeps what it was shown."""

    def __init__(self, *coarse: FoundPlate) -> None:
        self.coarse = list(coarse)
        self.shown: list[Image] = []
        self.tta, self.threshold = 0, THRESHOLD
        self.model = SimpleNamespace(manifest=SimpleNamespace(input=SimpleNamespace(size_hw=(SIDE, SIDE))))

    def detect(self, image_bgr: Image, share: float = 1.0) -> list[FoundPlate]:
        self.shown.append(image_bgr)
        whole = image_bgr.shape[:2] == FRAME_HW
        return [plate for plate in self.coarse if whole and plate.score >= share * THRESHOLD]

    def close(self) -> int:
        """How many parts around plates it was shown since the last time."""
        shown, self.shown = self.shown, []
        return sum(image.shape[:2] == (CLOSE, CLOSE) for image in shown)


def found(x: float, score: float) -> FoundPlate:
    return FoundPlate(quad_at(x), score, (1.0, 0.0, 0.0, 0.0))


def close_looks(views: Views, expected: Sequence[ExpectedPlate] | None, frames: int = 1) -> list[int]:
    """Parts around plates that are looked at, frame by frame, once the first frame is past."""
    search = FrameSearch(cast(Detector, views), SearchArea(tiling=TILES_AUTO))
    image = np.full((*FRAME_HW, 3), 90, np.uint8)
    cv2.rectangle(image, (30, 30), (60, 60), (255, 255, 255), cv2.FILLED)
    coarse, views.coarse = views.coarse, []
    search.find(image, 1.0, [])
    views.coarse = coarse
    views.close()
    looks = []
    for _ in range(frames):
        search.find(image, 1.0, expected)
        looks.append(views.close())
    return looks


def test_unsettled_plates_are_seen_closely() -> None:
    """Whether the whole frame shows it or not, a plate whose text isn't settled is looked at where it is expected."""
    assert close_looks(Views(found(100, 0.9)), [ExpectedPlate(quad_at(101))]) == [1]
    assert close_looks(Views(), [ExpectedPlate(quad_at(101))]) == [1]


def test_settled_plates_are_followed_in_the_whole_frame() -> None:
    """A settled plate is seen closely only where the whole frame doesn't show it."""
    settled = ExpectedPlate(quad_at(101), is_settled=True)
    assert close_looks(Views(found(100, 0.9)), [settled]) == [0]
    assert close_looks(Views(found(100, 0.3)), [settled]) == [1]


def test_what_never_showed_a_character_is_not_seen_closely() -> None:
    """A sign or a lamp that is followed like a plate takes no time from the others."""
    assert close_looks(Views(found(100, 0.9)), [ExpectedPlate(quad_at(101), is_doubtful=True)]) == [0]


def test_faint_detections_are_looked_at_again_after_some_frames() -> None:
    """A low-score detection that a closer look doesn't confirm costs one look in so many frames."""
    looks = close_looks(Views(found(100, 0.3)), [], frames=2 * LOOK_AGAIN)
    assert looks[0] == 1
    assert 2 <= sum(looks) <= 3


def test_what_there_was_no_time_for_is_looked_at_in_the_next_frame() -> None:
    """A low-score detection whose closer look the budget cut off wasn't looked at in vain."""
    views, track = Views(found(100, 0.3)), ExpectedPlate(quad_at(250))
    search = FrameSearch(cast(Detector, views), SearchArea(tiling=TILES_AUTO, budget_s=0.0))
    image = np.full((*FRAME_HW, 3), 90, np.uint8)
    search.find(image, 1.0, [track])
    views.close()
    search.find(image, 1.0, [])
    assert views.close() == 1


def test_without_tracks_plates_of_the_frame_before_are_seen_closely() -> None:
    """Where nobody follows plates, what was found in the last frame is looked at."""
    assert close_looks(Views(found(100, 0.9)), None, frames=3) == [1, 1, 1]
