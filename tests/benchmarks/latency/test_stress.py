import time
from pathlib import Path
from typing import cast

import numpy as np

from lpr_bench.base.frames import FramePool
from lpr_bench.latency.run_stress import describe_run, format_samples, memory_mb, take_samples
from lpr_edge.contract.base.arrays import Image
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.plates import FrameResult


class Device:
    """Takes a millisecond a frame."""

    def read(self, _frame_bgr: Image) -> FrameResult:
        time.sleep(0.001)
        return FrameResult((), 1.0, 0.0)


def test_samples_come_in_time() -> None:
    """A sample each so many seconds, until the time is over, each with latency, memory and the machine's state."""
    frame = np.zeros((4, 4, 3), np.uint8)
    samples = list(take_samples(cast(PlatePipeline, Device()), FramePool((frame,), (frame,)), 0.25, 0.05))
    assert 1 <= len(samples) <= 5
    assert all(sample["latency_ms"]["p50"] >= 1 for sample in samples)
    assert {"throttled", "temperature_celsius", "frequency_khz", "load_1_minute"} <= samples[0].keys()
    record = describe_run(samples, {"minutes_wished": 0.004})
    assert record["end_beside_start"] > 0
    head, line = format_samples(samples[:1], with_head=True).splitlines()
    assert len(line) <= len(head)
    assert format_samples(samples[:1], with_head=False) == line


def test_memory_is_this_process(tmp_path: Path) -> None:
    """Memory is read in megabytes, and unknown where the system doesn't tell."""
    (tmp_path / "status").write_text("Name:\tx\nVmRSS:\t  2000 kB\n")
    assert memory_mb(tmp_path / "status") == 2.048
    assert memory_mb(tmp_path / "none") is None


def test_a_run_without_samples() -> None:
    """A run that was stopped before its first sample has no figure, not a made-up one."""
    assert describe_run([], {})["end_beside_start"] is None
