import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr_edge.contract.base.arrays import Image
from lpr_edge.pacing.motion_gate import MotionGate, shrink

SCENE: Image = np.kron(np.random.default_rng(0).integers(40, 160, (24, 32, 3)), np.ones((20, 20, 1))).astype(np.uint8)
"""(480, 640, 3): blocks of many grays."""


def noisy(scene: Image, seed: int, deviation: float = 9.0, gain: float = 1.0) -> Image:
    noise = deviation * np.random.default_rng(seed).standard_normal(scene.shape, np.float32)
    return np.clip(gain * scene + noise, 0, 255).astype(np.uint8)


def with_plate(scene: Image, x: int, width: int = 60) -> Image:
    changed = scene.copy()
    changed[200 : 200 + width // 2, x : x + width] = (30, 30, 230)
    changed[200 : 200 + width // 2, x : x + width, 1] = 220
    return changed


def looking_at(scene: Image) -> MotionGate:
    gate = MotionGate()
    gate.look(scene)
    return gate


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(0, 14), st.floats(0.7, 1.4))
def test_noise_and_gain_are_no_motion(seed: int, deviation: float, gain: float) -> None:
    """The same scene with a night's noise, or as much brighter as a camera makes it, is still."""
    assert looking_at(noisy(SCENE, seed + 1, deviation)).is_still(noisy(SCENE, seed, deviation, gain))


@pytest.mark.parametrize("deviation", [0.0, 9.0])
def test_a_vehicle_is_motion(deviation: float) -> None:
    """What comes, goes or moves by some pixels is motion, in noise too."""
    empty, here, there = (
        noisy(s, i, deviation) for i, s in enumerate((SCENE, *(with_plate(SCENE, x) for x in (200, 225))))
    )
    assert not looking_at(empty).is_still(here)
    assert not looking_at(here).is_still(empty)
    assert not looking_at(here).is_still(there)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.7])
@pytest.mark.parametrize("deviation", [0.0, 9.0])
def test_a_vehicle_that_fills_most_of_the_frame_is_motion(deviation: float, share: float) -> None:
    """However much of the frame changes, it is no noise: a lorry that drives up to the camera is looked at."""
    lorry = SCENE.copy()
    lorry[:, : round(share * lorry.shape[1])] = np.roll(SCENE, 200, axis=0)[:, : round(share * lorry.shape[1])]
    assert not looking_at(noisy(SCENE, 0, deviation)).is_still(noisy(lorry, 1, deviation))


def test_slow_changes_add_up() -> None:
    """Frames are compared with the one that was looked at, not with the one before: a slow change is seen at last."""

    def brighter(levels: int) -> Image:
        changed = SCENE.copy()
        changed[200:300, 200:300] += np.uint8(levels)
        return changed

    gate = looking_at(SCENE)
    assert [gate.is_still(brighter(levels)) for levels in (2, 4, 12)] == [True, True, False]


def test_before_the_first_look_and_with_another_size_nothing_is_still() -> None:
    """A gate that has seen nothing, or frames of another size, skips none."""
    assert not MotionGate().is_still(SCENE)
    assert not looking_at(SCENE).is_still(SCENE[:240])


def test_cells_are_means() -> None:
    """Each cell of the shrunk frame is the mean of its pixels: a uniform frame stays uniform."""
    assert shrink(np.full((270, 480, 3), 77, np.uint8)).tolist() == [[77.0] * 96] * 54
