from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.support.readings import START

from lpr_edge.pacing.time_budget import MAX_VIEWS, TimeBudget


def budget(interval_ms: float, detect_ms: float, reading_ms: float, frames: int = 5) -> TimeBudget:
    made = TimeBudget()
    for number in range(frames):
        made.come(START + timedelta(milliseconds=number * interval_ms), is_live=True)
        made.spent(detect_ms, reading_ms, 1)
    return made


def test_what_is_left_of_an_interval_is_spent_on_views() -> None:
    """Of 100 ms, 70 may be spent; detector and first reading take 40, each more view 10: three more."""
    assert budget(100, 30, 10).views == 4
    assert budget(1000, 30, 10).views == MAX_VIEWS
    assert budget(40, 30, 10).views == 1


def test_frames_that_waited_do_not_lengthen_the_interval() -> None:
    """The shortest interval is the camera's: a long one is this program's own."""
    made = budget(50, 30, 10)
    made.come(START + timedelta(seconds=3), is_live=True)
    assert made.views == 1


def test_files_wait_and_a_camera_is_measured_first() -> None:
    """A file's frames get all views, whatever they take; a camera's first ones one."""
    made = TimeBudget()
    made.come(START, is_live=False)
    assert made.views == MAX_VIEWS
    made.come(START, is_live=True)
    assert made.views == 1


@given(st.floats(1, 1000), st.floats(0, 500), st.floats(0.1, 500))
def test_views_are_within_their_limits(interval_ms: float, detect_ms: float, reading_ms: float) -> None:
    """However fast or slow, a plate is read once or more, and not without end."""
    assert 1 <= budget(interval_ms, detect_ms, reading_ms).views <= MAX_VIEWS
