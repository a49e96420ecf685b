"""The record of a soak of several cameras, from made-up states of the process."""

from tests.support.soak_cameras import LATE, Record, evenness, lines, result_of


def state(uptime_s: float, memory_mb: float, frames: dict[str, int]) -> Record:
    """What the process says after so long."""
    cameras = {name: {"frames": count, "events": 0, "frame_age_ms": None} for name, count in frames.items()}
    return {"uptime_s": uptime_s, "memory_mb": memory_mb, "cameras": cameras, "load": 2.0}


def test_each_half_has_its_pace() -> None:
    """Frames a second are those of each half; the late camera counts for nothing in how even the others were."""
    first = [state(40, 150, {"a": 100, "b": 90, LATE: 0}), state(140, 151, {"a": 1100, "b": 990, LATE: 0})]
    second = [state(150, 151, {"a": 1200, "b": 1080, LATE: 10}), state(250, 152, {"a": 1900, "b": 1710, LATE: 710})]
    result = result_of([first, second], cameras=2, minutes=4, status=0)
    assert [half["frames_per_second"] for half in result["halves"]] == [
        {"a": 10.0, "b": 9.0, LATE: 0.0},
        {"a": 7.0, "b": 6.3, LATE: 7.0},
    ]
    assert evenness(result) == 0.9
    assert result["memory_mb"] == {"after_30_s": 150, "between": [150, 151, 151, 152], "end": 152}
    assert "least of them: 90.0 % of the most" in list(lines(result))
