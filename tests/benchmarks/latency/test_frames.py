import numpy as np
import pytest

from lpr_bench.base.frames import SIZE_HW, FramePool, make_frames, paint_street, paste_plate, sample_rows, shows_plate
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.geometry import is_convex
from lpr_edge.text.grammar import Grammar

NEPAL = load_country("nepal")


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_share_of_frames_with_plate(share: float) -> None:
    """Of every hundred frames exactly the share shows a plate, and they are spread evenly."""
    shown = [shows_plate(index, share) for index in range(100)]
    assert sum(shown) == 100 * share
    assert sum(shown[:20]) == 20 * share


def test_frames_are_reproducible_and_of_the_stated_size() -> None:
    """The same seed paints the same frames, 480 by 640, in both sorts; another seed others."""
    once, again, other = make_frames(NEPAL, 3), make_frames(NEPAL, 3), make_frames(NEPAL, 4)
    for sort in ("with_plate", "without"):
        frames = getattr(once, sort)
        assert all(frame.shape == (*SIZE_HW, 3) and frame.dtype == np.uint8 for frame in frames)
        assert all(np.array_equal(a, b) for a, b in zip(frames, getattr(again, sort), strict=True))
        assert not np.array_equal(frames[0], getattr(other, sort)[0])


def test_pool_gives_the_right_sort() -> None:
    """A pool hands out frames with and without a plate as the share says, going round for ever."""
    frames = [np.full((2, 2, 3), value, np.uint8) for value in range(4)]
    pool = FramePool((frames[0], frames[1]), (frames[2], frames[3]))
    assert pool.frame(10**6, 1.0) is frames[0]
    assert pool.frame(1, 0.5) is frames[1]
    assert pool.frame(3, 0.0) is frames[3]


def test_painted_registrations_are_valid() -> None:
    """What is painted is a registration that the country's grammar allows."""
    rng = np.random.default_rng(0)
    grammar = Grammar(NEPAL)
    for _ in range(50):
        assert grammar.parse(NEPAL.tokenize("".join(sample_rows(NEPAL, rng)))).valid


def test_plate_lies_inside_the_frame() -> None:
    """A pasted plate is a convex quadrilateral wholly inside the frame, and changes its pixels."""
    rng = np.random.default_rng(0)
    for _ in range(10):
        frame = paint_street(rng)
        before = frame.copy()
        corners = paste_plate(frame, np.full((100, 200, 3), 255, np.uint8), rng)
        assert is_convex(corners)
        assert (corners >= 0).all()
        assert (corners < np.array([SIZE_HW[1], SIZE_HW[0]])).all()
        assert (frame != before).any()
