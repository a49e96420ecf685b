import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support import heap, memory, soak
from tests.support.memory import Memory, Series

FRAMES = np.arange(0, 200_000, memory.EVERY)
INSIDE = np.arange(0, 200_000, memory.INSIDE_EVERY)
EVENTS = 7140
AN_EVENT = EVENTS / 200_000
"""Events a frame."""


def held(
    resident: float = 0,
    step: float = 0,
    heap_bytes: float = 0,
    blocks: float = 0,
    freed: float = 0,
    at: float = 120_000,
) -> Memory:
    """A long run that fills its caches first, is restless, and rises.

    Args:
        resident: bytes a frame.
        step: bytes once, of the resident memory and of the heap.
        at: frame of the step.
        heap_bytes: bytes an event.
        blocks: Python blocks an event.
        freed: bytes of the resident memory that are given back in each tenth look, and taken again.
    """
    random = np.random.default_rng(6)

    def series(frames: NDArray[np.int64], start: float, noise: float, slope: float, rise: float) -> Series:
        filled = start * (1 - 0.2 * np.exp(-frames / 12_000))
        values = filled + random.normal(0, noise, len(frames)) + slope * frames + rise * (frames >= at)
        return Series.of(frames.tolist(), values.round().astype(int).tolist())

    heap_slope = heap_bytes * AN_EVENT
    whole = series(FRAMES, 1e8, 3e5, resident + heap_slope, step)
    dips = np.where(random.random(len(FRAMES)) < 0.1, int(freed), 0)
    return Memory(
        Series.of(FRAMES.tolist(), (np.array(whole.values) - dips).tolist()),
        series(INSIDE, 3e5, 100, blocks * AN_EVENT, 0),
        series(INSIDE, 1e8, 6e4, heap_slope, step),
    )


def test_slope_is_that_of_a_line() -> None:
    """The slope is bytes a frame without the warm-up, and the rise that of the whole rest."""
    line = Series.of(
        FRAMES.tolist(), [100_000_000 + (3 * frame if frame >= 60_000 else 0) for frame in FRAMES.tolist()]
    )
    assert line.slope() == pytest.approx(3)
    assert line.rise() == pytest.approx(400_000, rel=0.01)


@pytest.mark.parametrize("at", [80_000, 133_000, 190_000])
@pytest.mark.parametrize("slope", [0, 2])
def test_a_step_counts_once(at: int, slope: float) -> None:
    """A step counts once in the rise, wherever it comes, and isn't in the slope."""
    series = Series.of(FRAMES.tolist(), (1e8 + 900_000 * (at <= FRAMES) + slope * FRAMES).astype(int).tolist())
    assert series.slope() == pytest.approx(slope, abs=0.1)
    assert series.rise() == pytest.approx(900_000 + slope * 133_300, rel=0.02)


@pytest.mark.parametrize(("leak", "flat"), [(0, True), (20, False), (100, False)])
def test_memory_that_grows_is_noticed(leak: float, flat: bool) -> None:
    """Twenty bytes a frame fail a soak of 200,000, though it is restless and caches fill at its begin."""
    run = held(leak)
    assert run.is_flat(EVENTS) is flat
    assert run.resident.slope() == pytest.approx(leak, abs=2)


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ({"step": 2**20}, []),
        ({"step": 2**20, "at": 170_000}, []),
        ({"freed": 3e6}, []),
        ({"step": 3 * 2**20}, ["resident memory rises by"]),
        ({"heap_bytes": 100}, ["the C heap"]),
        ({"heap_bytes": 100, "step": 700_000}, ["the C heap"]),
        ({"blocks": 1}, ["Python blocks"]),
        ({"heap_bytes": 30_000}, ["resident memory rises by", "resident memory rises apart from", "the C heap"]),
    ],
)
def test_leaks_are_told_from_steps(what: dict[str, float], found: list[str]) -> None:
    """A pool of a megabyte isn't a leak; 100 bytes or one object an event are, and so is a picture an event."""
    problems = held(**what).problems(EVENTS)
    assert len(problems) == len(found), problems
    assert all(problem.startswith(start) for problem, start in zip(problems, found, strict=True))


def test_a_leak_of_many_pools_is_noticed() -> None:
    """Memory that comes by pools of a megabyte rises again and again: that isn't one step."""
    pools = [10**8 + 2**20 * (frame // 40_000) for frame in FRAMES.tolist()]
    run = Memory(resident=Series.of(FRAMES.tolist(), pools))
    assert not run.is_flat(EVENTS)


@pytest.mark.parametrize(("leak", "flat"), [(13_000, True), (100_000, False)])
def test_short_run_may_fill_its_caches(leak: float, flat: bool) -> None:
    """Some megabytes in a few hundred frames are caches; a frame kept now and again isn't."""
    frames = np.arange(0, 400, memory.EVERY)
    run = Memory(Series.of(frames.tolist(), (1e9 + leak * frames).astype(int).tolist()))
    assert run.is_flat(14) is flat


def test_memory_in_words() -> None:
    """The report gives each slope by frames and by events, what it may be, and what is too much."""
    run = Memory(
        Series.of(FRAMES.tolist(), (100_000_000 + 36 * FRAMES).tolist()),
        Series.of(INSIDE.tolist(), [300_000] * len(INSIDE)),
    )
    resident, blocks, c_heap, *problems = run.lines(EVENTS)
    assert (
        "resident +4.8 MB in the last two thirds (+36.00 kB every 1,000 frames apart from one step; at most 10)"
        in resident
    )
    assert "100.0, 101.4, 102.9, 104.3, 105.8, 107.2 MB" in resident
    assert "Python blocks: +0.0 every 1,000 frames, +0.00 an event (at most 0.25)" in blocks
    assert "no mallinfo2" in c_heap
    assert len(problems) == 2
    assert run.record(EVENTS)["memory_bytes_a_frame"] == 36.0


def test_what_is_live_is_counted() -> None:
    """Objects and C heap that are kept are counted; what is dropped isn't, even in cycles; a look too early is none."""
    run = Memory()
    run.look_inside(0)
    kept = [object() for _ in range(5000)]
    image = np.ones(5_000_000, np.uint8)
    run.look_inside(memory.INSIDE_EVERY)
    for _ in range(5000):
        cycle: list[object] = []
        cycle.append(cycle)
    run.look_inside(memory.INSIDE_EVERY + 1)
    run.look_inside(2 * memory.INSIDE_EVERY)
    first, second, third = run.blocks.values
    assert second - first == pytest.approx(len(kept), abs=500)
    assert third - second == pytest.approx(0, abs=500)
    if heap.c_heap_bytes() is not None:
        assert run.heap.values[1] - run.heap.values[0] == pytest.approx(image.nbytes, rel=0.1)


def test_names_come_and_go() -> None:
    """What makes the interpreter's table of names grow before a run leaves no names behind."""
    before = sys.getallocatedblocks()
    memory.grow_name_table()
    assert sys.getallocatedblocks() == pytest.approx(before, abs=500)


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--remember",)])
def test_a_short_soak(capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]) -> None:
    """Two turns of the clip with all sinks on: nothing is lost, nothing comes twice, nothing is left over."""
    status = soak.main(["--frames", "300", *flags])
    out = capsys.readouterr().out
    assert status == 0, out
    assert "events in snapshots" in out
