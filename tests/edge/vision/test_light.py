import numpy as np
import pytest

from lpr_edge.vision.views import apply_low_light_gain


def test_a_frame_by_day_is_left_alone() -> None:
    """The usual frame isn't even copied."""
    frame = np.full((480, 640, 3), 30, np.uint8)
    frame[:, :50] = 200
    assert apply_low_light_gain(frame) is frame


@pytest.mark.parametrize("shape", [(480, 640, 3), (1, 1, 3), (3, 2000, 3)])
@pytest.mark.parametrize("light", [0, 1, 20, 60])
def test_a_dark_frame_becomes_brighter(shape: tuple[int, int, int], light: int) -> None:
    """Brighter by no more than eight times, never beyond white; black stays black."""
    lit = apply_low_light_gain(np.full(shape, light, np.uint8))
    assert lit.shape == shape
    assert lit.dtype == np.uint8
    assert int(lit.max()) == min(8 * light, 180)
