"""Corners as wrong as a detector's, and what is then seen of a plate."""

import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_edge.contract.geometry import grow_quad, is_convex
from lpr_edge.contract.outputs import corrected_corners
from lpr_train.data.plate_views import jitter, rectified_view
from lpr_train.targets.heat_maps import PlacedCharacter


def _spread(width: float, height: float, on_its_side: bool = False) -> Floats:
    """Standard deviations of corners moved by 0.05, along a plate and across it, beside its width and height."""
    quad = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    if on_its_side:
        quad = np.ascontiguousarray(quad[:, ::-1] * (-1, 1), np.float32)
    rng = np.random.default_rng(0)
    moved = [jitter(quad, rng, 0.05) for _ in range(2000)]
    assert all(map(is_convex, moved))
    errors = np.array(moved) - quad
    return np.asarray((errors[..., ::-1] if on_its_side else errors).std(axis=(0, 1)) / (width, height))


def test_corners_move_by_shares_of_the_plate_and_more_across_a_flat_one() -> None:
    """Beside its height a one-row plate's corners go astray most, however it lies in the picture."""
    along, across = _spread(150, 100)
    assert 0.03 < along < 0.07 < across < 0.1
    assert _spread(240, 50)[1] > 1.5 * across
    np.testing.assert_allclose(_spread(240, 50, on_its_side=True), _spread(240, 50), rtol=0.1)


def test_no_amount_moves_nothing() -> None:
    """The true corners stay where they are."""
    quad = np.array([[10, 20], [90, 24], [88, 60], [8, 56]], np.float32)
    np.testing.assert_allclose(jitter(quad, np.random.default_rng(0), 0.0), quad, atol=1e-3)


def test_a_plate_seen_nearly_from_its_side_stays_convex() -> None:
    """Of such corners small errors make a crossed quadrilateral, which can't be rectified."""
    quad = np.array([[50, 26], [194, 114], [191, 118], [48, 45]], np.float32)
    rng = np.random.default_rng(0)
    assert all(is_convex(jitter(quad, rng, 0.08)) for _ in range(500))


def test_a_view_knows_where_the_true_corners_are() -> None:
    """The target of the reader's corners leads from the wrong corners to the true ones; hopeless ones weigh nothing."""
    quad = np.array([[60, 50], [240, 60], [236, 150], [56, 140]], np.float32)
    seen = quad + np.array([[4, -6], [-9, 2], [3, 3], [-2, 8]], np.float32)
    image = np.zeros((200, 300, 3), np.uint8)
    view = rectified_view(image, quad, grow_quad(seen, 0.1), (), (64, 128), 0.5)
    target = view.corners_target(0.1)
    assert target.shape == (9,)
    assert target[8] == 0.5
    assert np.abs(corrected_corners(seen, target[:8], 0.1) - quad).max() < 0.05
    hopeless = rectified_view(image, quad, quad + np.array([400, 0], np.float32), (), (64, 128))
    assert hopeless.corners_target(0.1)[8] == 0.0


def test_characters_stay_on_their_paint_whatever_corners_are_seen() -> None:
    """A white dot on black is where `rectified_view` says that its character stands."""
    image = np.zeros((200, 300, 3), np.uint8)
    quad = np.array([[60, 50], [240, 60], [236, 150], [56, 140]], np.float32)
    dot = quad.mean(axis=0)
    image[round(float(dot[1])) - 4 : round(float(dot[1])) + 5, round(float(dot[0])) - 4 : round(float(dot[0])) + 5] = (
        255
    )
    rng = np.random.default_rng(1)
    for _ in range(10):
        seen = jitter(quad, rng, 0.06)
        view = rectified_view(image, quad, seen, [PlacedCharacter(0, 0.5, 0.5, 0.1, 0.2)], (64, 128))
        rows, columns = np.nonzero(view.image_bgr[..., 0] > 128)
        (placed,) = view.placed
        assert abs(rows.mean() - placed.y * 64) < 2
        assert abs(columns.mean() - placed.x * 128) < 2
