import pytest
from tests.edge import soak
from tests.edge.soak import Memory


def test_slope_is_that_of_a_line() -> None:
    """The slope is bytes a frame by least squares, without the warm-up; a line has no error, a flat one no slope."""
    memory = Memory()
    for place in range(100):
        memory.frames.append(soak.EVERY * place)
        memory.resident.append(100_000_000 + (300 * place if place >= 20 else 0))
    slope, error = memory.slope()
    assert slope == pytest.approx(300 / soak.EVERY)
    assert error < 1e-6


def test_memory_that_grows_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    """A line that rises by more than is allowed fails the soak, a flat one doesn't."""
    frames = list(range(0, 10_000, soak.EVERY))
    assert soak.is_flat(Memory(frames, [100_000_000] * len(frames)))
    assert not soak.is_flat(Memory(frames, [100_000_000 + 3000 * frame for frame in frames]))
    assert "+3000.00 kB every 1,000 frames" in capsys.readouterr().out


@pytest.mark.slow
def test_a_short_soak(capsys: pytest.CaptureFixture[str]) -> None:
    """Two turns of the clip with all sinks on: nothing is lost, nothing comes twice, nothing is left over."""
    status = soak.main(["--frames", "300"])
    out = capsys.readouterr().out
    assert status == 0, out
    assert "events in snapshots" in out
