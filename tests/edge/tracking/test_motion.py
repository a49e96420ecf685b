from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.readings import START, quad_at

from lpr_edge.tracking.motion import LONGEST_S, Motion
from lpr_edge.vision.plates import longer_side


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def test_the_first_two_sights_give_the_speed() -> None:
    """10 pixels in 0.1 s are 100 a second; 0.2 s later the plate is expected 20 pixels further on."""
    motion = Motion(quad_at(50), START)
    assert (motion.predict(START + seconds(0.2)) == quad_at(50)).all()
    motion.see(quad_at(60), START + seconds(0.1))
    assert motion.velocity_xy == pytest.approx([100, 0], rel=1e-4)
    assert motion.predict(START + seconds(0.3)) == pytest.approx(quad_at(80), abs=0.01)


def test_a_new_measurement_has_half_of_the_say() -> None:
    """From 100 pixels a second, a measurement of 200 makes 150."""
    motion = Motion(quad_at(50), START)
    motion.see(quad_at(60), START + seconds(0.1))
    motion.see(quad_at(80), START + seconds(0.2))
    assert motion.velocity_xy == pytest.approx([150, 0], rel=1e-4)


def test_out_of_sight_a_plate_is_not_expected_ever_further() -> None:
    """Beyond half a second the prediction stays; before its own time it is where it was seen."""
    motion = Motion(quad_at(50), START)
    motion.see(quad_at(60), START + seconds(0.1))
    farthest = motion.predict(START + seconds(0.1 + LONGEST_S))
    assert motion.predict(START + seconds(9)) == pytest.approx(farthest)
    assert motion.predict(START) == pytest.approx(quad_at(60))


def test_a_clock_that_was_set_changes_no_speed() -> None:
    """Time moved along with the clock: the next sight gives the speed that it would have given."""
    motion = Motion(quad_at(50), START)
    motion.shift(seconds(3600))
    motion.see(quad_at(60), START + seconds(3600.1))
    assert motion.velocity_xy == pytest.approx([100, 0], rel=1e-3)


def test_two_sights_of_one_moment_give_no_speed() -> None:
    """Without time between them nothing is divided by it."""
    motion = Motion(quad_at(50), START)
    motion.see(quad_at(60), START)
    assert motion.velocity_xy is None
    assert (motion.quad_xy == quad_at(60)).all()


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(0.01, 1.0))
def test_a_constant_speed_is_found_and_predicted(vx: float, vy: float, dt: float) -> None:
    """After any number of sights at a constant speed, the prediction is where the plate will be."""
    motion = Motion(quad_at(0, 0), START)
    for step in range(1, 5):
        motion.see(quad_at(vx * dt * step, vy * dt * step), START + seconds(dt * step))
    after = min(dt, LONGEST_S)
    expected = quad_at(vx * (4 * dt + after), vy * (4 * dt + after))
    assert np.abs(motion.predict(START + seconds(4 * dt + after)) - expected).max() < 0.5


def test_size_is_the_longer_side() -> None:
    """Of the upright box around the corners: 60 × 20 pixels are 60."""
    assert longer_side(quad_at(5)) == 60
