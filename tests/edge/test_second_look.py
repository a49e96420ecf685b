"""Small and doubtful plates are looked at again from nearer."""

from collections.abc import Callable

import numpy as np
import pytest

from lpr_edge.contract.arrays import Image, Quad
from lpr_edge.detector import DOUBT, Detector, FoundPlate
from lpr_edge.runtimes import Model

FRAME = np.zeros((480, 640, 3), np.uint8)


def _quad(x: float, y: float, width: float, height: float) -> Quad:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


def _plate(quad: Quad, score: float) -> FoundPlate:
    return FoundPlate(quad, score, (1.0, 0.0, 0.0, 0.0))


class _Scripted(Detector):
    """Answers the whole frame with some plates, and anything nearer with others, in that picture's own pixels."""

    def __init__(self, model: Model, whole: list[FoundPlate], nearer: list[FoundPlate], looks: int = 3) -> None:
        super().__init__(model, looks)
        self.whole, self.nearer = whole, nearer
        self.seen: list[tuple[int, ...]] = []

    def _find(self, frame_bgr: Image, threshold: float) -> list[FoundPlate]:
        self.seen.append(frame_bgr.shape[:2])
        plates = self.whole if frame_bgr.shape[:2] == FRAME.shape[:2] else self.nearer
        return [plate for plate in plates if plate.score >= threshold]


@pytest.fixture
def model(golden_model: Callable[[str], Model]) -> Model:
    """A detector's network, for its thresholds."""
    return golden_model("detector")


def test_a_small_plate_is_taken_from_nearer(model: Model) -> None:
    """Its corners are those of the second look, put back where the window was cut out."""
    rough = _plate(_quad(300, 200, 40, 20), 0.9)
    detector = _Scripted(model, [rough], [_plate(_quad(62, 72, 36, 18), 0.8)])
    (found,) = detector.detect(FRAME)
    assert detector.seen == [(480, 640), (160, 160)]
    assert np.allclose(found.quad_xy, _quad(240 + 62, 130 + 72, 36, 18))
    assert 0.8 < found.score < 0.9


def test_what_is_no_plate_from_nearer_goes(model: Model) -> None:
    """A sticker that looked like a plate from afar isn't reported."""
    threshold = model.manifest.thresholds["score"]
    assert _Scripted(model, [_plate(_quad(300, 200, 40, 20), threshold + 0.1)], []).detect(FRAME) == []


def test_a_faint_plate_gets_its_chance(model: Model) -> None:
    """Below the threshold at first, it counts once it shows clearly."""
    faint = model.manifest.thresholds["score"] * (DOUBT + 0.05)
    detector = _Scripted(model, [_plate(_quad(300, 200, 40, 20), faint)], [_plate(_quad(62, 72, 36, 18), 0.95)])
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
    detector = _Scripted(model, street, [_plate(_quad(45, 52, 30, 15), 0.9)])
    found = detector.detect(FRAME)
    assert len(detector.seen) == 1 + detector.looks
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
    assert detector.seen[1] == (90, 100)
    assert np.allclose(found.quad_xy, _quad(1, 1, 40, 20))
