"""Small and doubtful plates are looked at again, in several views."""

from collections.abc import Callable

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.geometry import mirror_quad
from lpr_edge.runtimes.model import Model
from lpr_edge.vision.detector import PROPOSALS, VIEWS, Detector
from lpr_edge.vision.plates import FoundPlate

FRAME = np.zeros((480, 640, 3), np.uint8)
FRAME[..., 0] = np.arange(640) % 256
FRAME[..., 1] = np.arange(640) // 256
FRAME[..., 2] = np.arange(480)[:, np.newaxis] // 2


def _x_at(part: Image, column: int) -> int:
    """Where a column of a part of `FRAME` is in it."""
    return int(part[0, column, 0]) + 256 * int(part[0, column, 1])


def _quad(x: float, y: float, width: float, height: float) -> Quad:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


def _plate(quad: Quad, score: float) -> FoundPlate:
    return FoundPlate(quad, score, (1.0, 0.0, 0.0, 0.0))


class _Scripted(Detector):
    """Answers the whole frame with some plates; in a view it finds what `nearer` has in that part of the frame."""

    def __init__(self, model: Model, whole: list[FoundPlate], nearer: list[FoundPlate], looks: int = 3) -> None:
        super().__init__(model, looks)
        self.whole, self.nearer = whole, nearer
        self.seen: list[tuple[int, ...]] = []

    def _find(self, frame_bgr: Image, threshold: float) -> list[FoundPlate]:
        """The frame's pixels tell where they are in it (see FRAME), and so whether they are mirrored."""
        self.seen.append(frame_bgr.shape[:2])
        if frame_bgr.shape[:2] == FRAME.shape[:2]:
            return [plate for plate in self.whole if plate.score >= threshold]
        left, right = _x_at(frame_bgr, 0), _x_at(frame_bgr, -1)
        top = int(frame_bgr[0, 0, 2]) * 2
        quads = [(plate.quad_xy - (min(left, right), top), plate.score) for plate in self.nearer]
        width = frame_bgr.shape[1]
        return [
            _plate(mirror_quad(quad, width) if left > right else quad, score)
            for quad, score in quads
            if score >= threshold
        ]


@pytest.fixture
def model(golden_model: Callable[[str], Model]) -> Model:
    """A detector's network, for its thresholds."""
    return golden_model("detector")


def test_a_small_plate_has_the_corners_that_other_views_show(model: Model) -> None:
    """They are put back where the views were cut out, a mirrored one's too; most of the score is the views'."""
    rough = _plate(_quad(300, 200, 40, 20), 0.9)
    detector = _Scripted(model, [rough], [_plate(_quad(302, 202, 36, 18), 0.8)])
    (found,) = detector.detect(FRAME)
    assert detector.seen == [(480, 640), (100, 100), (160, 160), (240, 240)]
    assert np.allclose(found.quad_xy, _quad(302, 202, 36, 18), atol=1)
    assert found.score == pytest.approx(0.75 * 0.8 + 0.25 * 0.9)


def test_views_that_differ_are_averaged(model: Model) -> None:
    """Each counts by its score."""
    detector = _Scripted(model, [_plate(_quad(300, 200, 40, 20), 0.9)], [])
    answers = iter([_plate(_quad(300, 200, 40, 20), 0.8), None, _plate(_quad(304, 200, 40, 20), 0.4)])
    detector._view = lambda *_: next(answers)  # type: ignore[method-assign]
    (found,) = detector.detect(FRAME)
    assert np.allclose(found.quad_xy, _quad(300 + 4 * 0.4 / 1.2, 200, 40, 20), atol=1e-3)
    assert found.score == pytest.approx(0.75 * 0.4 + 0.25 * 0.9)


def test_what_is_no_plate_from_nearer_goes(model: Model) -> None:
    """A sticker that looked like a plate from afar isn't reported."""
    threshold = model.manifest.thresholds["score"]
    assert _Scripted(model, [_plate(_quad(300, 200, 40, 20), threshold + 0.1)], []).detect(FRAME) == []


def test_a_faint_plate_gets_its_chance(model: Model) -> None:
    """Below the threshold at first, it counts once it shows clearly."""
    faint = model.manifest.thresholds["score"] * (PROPOSALS + 0.05)
    detector = _Scripted(model, [_plate(_quad(300, 200, 40, 20), faint)], [_plate(_quad(302, 202, 36, 18), 0.95)])
    assert len(detector.detect(FRAME)) == 1
    alone = _Scripted(model, [_plate(_quad(300, 200, 40, 20), faint)], [], looks=0)
    assert alone.detect(FRAME) == []
    assert len(alone.seen) == 1


def test_large_sure_plates_need_no_second_look(model: Model) -> None:
    """The usual frame costs one run of the network."""
    detector = _Scripted(model, [_plate(_quad(200, 200, 180, 90), 0.9)], [])
    assert len(detector.detect(FRAME)) == 1
    assert len(detector.seen) == 1


def test_looks_are_bounded(model: Model) -> None:
    """However many small plates a frame shows, it takes a bounded time."""
    street = [_plate(_quad(40 + 100 * i, 200, 30, 15), 0.9 - 0.05 * i) for i in range(6)]
    detector = _Scripted(model, street, street)
    found = detector.detect(FRAME)
    assert len(detector.seen) == 1 + len(VIEWS) * detector.looks
    assert len(found) == len(street)


def test_two_that_turn_out_to_be_one_are_reported_once(model: Model) -> None:
    """The surer one stays."""
    one, other = _plate(_quad(300, 200, 40, 20), 0.9), _plate(_quad(310, 230, 40, 20), 0.5)
    detector = _Scripted(model, [one, other], [])
    detector._look_again = lambda *seen: _plate(one.quad_xy, seen[1].score)  # type: ignore[method-assign]
    (found,) = detector.detect(FRAME)
    assert found.score == 0.9


def test_a_plate_at_the_edge_is_looked_at_within_the_frame(model: Model) -> None:
    """The window is cut where the frame ends."""
    detector = _Scripted(model, [_plate(_quad(0, 0, 40, 20), 0.9)], [_plate(_quad(1, 1, 40, 20), 0.9)])
    (found,) = detector.detect(FRAME)
    assert detector.seen[1:] == [(60, 70), (90, 100), (130, 140)]
    assert np.allclose(found.quad_xy, _quad(1, 1, 40, 20))
