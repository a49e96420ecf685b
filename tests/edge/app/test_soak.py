import numpy as np
import pytest
from tests.support import memory, soak
from tests.support.memory import Memory

FRAMES = np.arange(0, 200_000, memory.EVERY)


def held(slope: float) -> Memory:
    """A long run that fills its caches first, is restless, and rises by so many bytes a frame."""
    wobble = np.random.default_rng(6).normal(0, 3e5, len(FRAMES))
    resident = 1e8 + 2e7 * (1 - np.exp(-FRAMES / 15_000)) + wobble + slope * FRAMES
    return Memory(FRAMES.tolist(), resident.round().astype(int).tolist())


def test_slope_is_that_of_a_line() -> None:
    """The slope is bytes a frame by least squares, without the warm-up; a line has no error, a flat one no slope."""
    line = Memory(FRAMES.tolist(), [100_000_000 + (3 * frame if frame >= 60_000 else 0) for frame in FRAMES.tolist()])
    slope, error = line.slope()
    assert slope == pytest.approx(3)
    assert error < 1e-6
    assert line.growth() == pytest.approx(400_000, rel=0.01)


@pytest.mark.parametrize(("leak", "flat"), [(0, True), (20, False), (100, False)])
def test_memory_that_grows_is_noticed(leak: float, flat: bool) -> None:
    """Twenty bytes a frame fail a soak of 200,000, though it is restless and caches fill at its begin."""
    run = held(leak)
    assert run.is_flat() is flat
    assert run.slope()[0] == pytest.approx(leak, abs=2)


@pytest.mark.parametrize(("leak", "flat"), [(13_000, True), (100_000, False)])
def test_short_run_may_fill_its_caches(leak: float, flat: bool) -> None:
    """Some megabytes in a few hundred frames are caches; a frame kept now and again isn't."""
    frames = np.arange(0, 400, memory.EVERY)
    run = Memory(frames.tolist(), (1e9 + leak * frames).astype(int).tolist())
    assert run.is_flat() is flat


def test_memory_in_words() -> None:
    """The report gives the slope by frames and by events, and what it may be."""
    line = Memory(FRAMES.tolist(), (100_000_000 + 36 * FRAMES).tolist()).line(events=7140)
    assert "+36.00 kB every 1,000 frames (± 0.00; at most 10), +1008 bytes an event, +4.8 MB in all" in line
    assert "100.0, 101.4, 102.9, 104.3, 105.8, 107.2 MB" in line


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--remember",)])
def test_a_short_soak(capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]) -> None:
    """Two turns of the clip with all sinks on: nothing is lost, nothing comes twice, nothing is left over."""
    status = soak.main(["--frames", "300", *flags])
    out = capsys.readouterr().out
    assert status == 0, out
    assert "events in snapshots" in out
