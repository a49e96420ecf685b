"""A photograph's tiles are searched as well, and each proposal is looked at again, upright."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.geometry import rectangle, upright_transform
from lpr_edge.runtimes.model import Model
from lpr_edge.vision.detector import FIRST_WEIGHT, PROPOSALS, ROUNDS, SMALLER, Detector
from lpr_edge.vision.plates import FoundPlate
from lpr_edge.vision.views import tiles

FRAME = np.zeros((480, 640, 3), np.uint8)
TILES = len(tiles(FRAME))


def _quad(x: float, y: float, width: float, height: float) -> Quad:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


def _plate(quad: Quad, score: float) -> FoundPlate:
    return FoundPlate(quad, score, (1.0, 0.0, 0.0, 0.0))


class _Scripted(Detector):
    """Finds some plates in the whole frame, others in its first tile, and what `nearer` has in views of its places."""

    def __init__(
        self,
        model: Model,
        whole: list[FoundPlate],
        nearer: list[FoundPlate],
        tta: int = 3,
        in_tile: tuple[FoundPlate, ...] = (),
    ) -> None:
        super().__init__(model, tta)
        self.whole, self.nearer, self.in_tile = whole, nearer, in_tile
        self.runs = 0
        self.looked_at: list[FoundPlate] = []

    def _find(self, frame_bgr: Image, threshold: float) -> list[FoundPlate]:
        self.runs += 1
        is_first_tile = self.runs == 2
        found = self.whole if frame_bgr.shape == FRAME.shape else self.in_tile if is_first_tile else ()
        return [plate for plate in found if plate.score >= threshold]

    def _view(self, frame_bgr: Image, plate: FoundPlate, share: float, mirrored: bool) -> FoundPlate | None:  # noqa: ARG002
        self.looked_at.append(plate)
        near = (n for n in self.nearer if np.abs(n.quad_xy.mean(axis=0) - plate.quad_xy.mean(axis=0)).max() < 20)
        return next(near, None)


@pytest.fixture
def model(golden_model: Callable[[str], Model]) -> Model:
    """A detector's network, for its thresholds."""
    return golden_model("detector")


def test_a_plate_has_the_corners_that_its_views_show(model: Model) -> None:
    """The second round looks where the first one found it; part of the score is the views'."""
    rough, exact = _plate(_quad(300, 200, 40, 20), 0.9), _plate(_quad(302, 202, 36, 18), 0.8)
    detector = _Scripted(model, [rough], [exact])
    (found,) = detector.detect(FRAME)
    assert np.allclose(found.quad_xy, exact.quad_xy)
    assert found.score == pytest.approx((1 - FIRST_WEIGHT) * 0.8 + FIRST_WEIGHT * 0.9)
    assert np.allclose(detector.looked_at[0].quad_xy, rough.quad_xy)
    assert np.allclose(detector.looked_at[-1].quad_xy, exact.quad_xy)


def test_views_that_differ_are_averaged(model: Model) -> None:
    """Each counts by its score."""
    detector = _Scripted(model, [_plate(_quad(300, 200, 40, 20), 0.9)], [])
    first = _plate(_quad(300, 200, 40, 20), 0.8)
    answers = iter([first, first, _plate(_quad(304, 200, 40, 20), 0.4)])
    detector._view = lambda *_: next(answers)  # type: ignore[method-assign]
    (found,) = detector.detect(FRAME)
    assert np.allclose(found.quad_xy, _quad(300 + 4 * 0.4 / 1.2, 200, 40, 20), atol=1e-3)
    assert found.score == pytest.approx((1 - FIRST_WEIGHT) * 0.6 + FIRST_WEIGHT * 0.9)


def test_what_is_no_plate_from_nearer_goes(model: Model) -> None:
    """A sticker that looked like a plate from afar isn't reported."""
    threshold = model.manifest.thresholds["score"]
    assert _Scripted(model, [_plate(_quad(300, 200, 40, 20), threshold + 0.1)], []).detect(FRAME) == []


def test_a_faint_proposal_that_no_view_shows_has_one_round(model: Model) -> None:
    """The second would cost as much for what is no plate."""
    faint = _plate(_quad(300, 200, 40, 20), model.manifest.thresholds["score"] - 0.1)
    detector = _Scripted(model, [faint], [])
    assert detector.detect(FRAME) == []
    assert len(detector.looked_at) == len(ROUNDS[0])


def test_a_faint_plate_gets_its_chance(model: Model) -> None:
    """Below the threshold at first, it counts once it shows clearly."""
    faint = model.manifest.thresholds["score"] * (PROPOSALS + 0.05)
    detector = _Scripted(model, [_plate(_quad(300, 200, 40, 20), faint)], [_plate(_quad(302, 202, 36, 18), 0.95)])
    assert len(detector.detect(FRAME)) == 1


def test_a_large_plate_needs_no_view(model: Model) -> None:
    """None would show it larger than the frame itself does."""
    large = _plate(_quad(100, 100, 330, 160), 0.9)
    detector = _Scripted(model, [large], [])
    assert detector.detect(FRAME) == [large]
    assert detector.looked_at == []


def test_a_plate_that_fills_the_photograph_is_found_from_further_off(model: Model) -> None:
    """The view that shows the frame smaller adds large plates alone: small ones are seen better elsewhere."""
    whole = np.asarray(rectangle((FRAME.shape[0], FRAME.shape[1])))
    size_hw = model.manifest.input.size_hw
    to_view = np.linalg.inv(upright_transform(whole, SMALLER, size_hw))
    filling_xy = _quad(20, 60, 600, 300)
    in_view = [
        np.asarray(cv2.perspectiveTransform(quad[np.newaxis].astype(np.float64), to_view)[0], np.float32)
        for quad in (filling_xy, _quad(300, 200, 60, 30))
    ]
    filling, small = _plate(in_view[0], 0.8), _plate(in_view[1], 0.9)

    class _FromFar(_Scripted):
        def _find(self, frame_bgr: Image, threshold: float) -> list[FoundPlate]:
            found = super()._find(frame_bgr, threshold)
            return found if self.runs < 2 + TILES else [filling, small]

    (plate,) = _FromFar(model, [], []).detect(FRAME)
    assert plate.score == filling.score
    np.testing.assert_allclose(plate.quad_xy, filling_xy, atol=0.1)


def test_without_looks_the_network_runs_once(model: Model) -> None:
    """A camera's frame costs one run, and what is below the threshold is left out."""
    sure, faint = _plate(_quad(200, 200, 180, 90), 0.9), _plate(_quad(20, 20, 40, 20), 0.1)
    detector = _Scripted(model, [sure, faint], [], tta=0, in_tile=(sure,))
    assert len(detector.detect(FRAME)) == 1
    assert (detector.runs, detector.looked_at) == (1, [])


def test_looks_are_bounded(model: Model) -> None:
    """However many plates a photograph shows, it takes a bounded time; those left over keep their first score."""
    street = [_plate(_quad(40 + 100 * i, 200, 30, 15), 0.9 - 0.05 * i) for i in range(6)]
    detector = _Scripted(model, street, street)
    found = detector.detect(FRAME)
    assert detector.runs == 1 + TILES + 1  # and one from further off
    assert len(detector.looked_at) == sum(map(len, ROUNDS)) * detector.tta
    assert len(found) == len(street)


def test_a_small_plate_is_found_in_a_tile(model: Model) -> None:
    """Where the whole frame showed nothing; but not one that the tile may cut off."""
    small, cut = _plate(_quad(100, 100, 20, 10), 0.8), _plate(_quad(364, 100, 20, 10), 0.8)
    detector = _Scripted(model, [], [small, cut], in_tile=(small, cut))
    (found,) = detector.detect(FRAME)
    assert np.allclose(found.quad_xy, small.quad_xy)


def test_a_plate_of_frame_and_tile_is_one(model: Model) -> None:
    """Also where their corners differ so much that they hardly overlap; the surer detection stays."""
    flat, high = _plate(_quad(100, 110, 60, 4), 0.6), _plate(_quad(100, 100, 60, 24), 0.8)
    detector = _Scripted(model, [flat], [high], in_tile=(high,))
    (found,) = detector.detect(FRAME)
    assert np.allclose(found.quad_xy, high.quad_xy)
    assert len(detector.looked_at) == sum(map(len, ROUNDS))
