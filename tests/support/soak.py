"""A long run in one process: a looped clip, all sinks on, somebody watching; what was lost, and what was left over.

python -m tests.support.soak --frames 200000 [--json FILE]; with --remember five times as fast. Every half minute a line
says how far it is. Where mosquitto (Debian: mosquitto) is missing, it does without MQTT, and the table lacks that line.
"""

import argparse
import itertools
import json
import math
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

from tests.support.faults import Table
from tests.support.memory import Leftovers, Memory, grow_name_table
from tests.support.place import CLIP, Place, receiving, subscribed, watched

from lpr_edge.app.commands import read_plates
from lpr_edge.app.run.run_to_end import RunOptions
from lpr_edge.capture.frame import Frame, Frames, Source
from lpr_edge.capture.video_file import open_clip
from lpr_edge.contract.base.arrays import Image
from lpr_edge.delivery.retention import Retention
from lpr_edge.service import frame_counts
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.plates import FrameResult
from lpr_edge.wiring import wire_delivery

BETWEEN = timedelta(minutes=1)
"""From one turn of the clip to the next, longer than `gap`: its vehicles come again."""
SAID_S = 30.0
"""From one line of progress to the next."""
PRUNE_S, WINDOW_S = 10.0, 1.0
"""Where the networks are remembered: from one look at retention and quota to the next, and of what frames rates are."""


def say_progress(total: int) -> Callable[[int], None]:
    """A function that is given each frame's number and now and then says on stderr how far the run is."""
    start = said = time.monotonic()

    def say(number: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= SAID_S:
            said, rate = now, number / (now - start)
            left_min = (total - number) / max(rate, 1e-6) / 60
            print(
                f"soak: {number:,} of {total:,} frames, {rate:.0f} a second, {left_min:.0f} min left", file=sys.stderr
            )

    return say


def looped(turns: int, memory: Memory, at_end: Callable[[], None]) -> Frames:
    """The clip again and again, each time later."""
    count, say = itertools.count(), say_progress(turns * frames_of_clip())
    length = timedelta()
    for turn in range(turns):
        source = open_clip(CLIP)
        begin = None
        for position, frame in enumerate(source.frames):
            assert isinstance(frame, Frame)
            begin = begin or frame.time
            length = max(length, frame.time - begin)
            number = next(count)
            memory.look(number)
            if position == 0:
                memory.look_inside(number)
            say(number)
            yield replace(frame, index=number, time=frame.time + turn * (length + BETWEEN))
    at_end()


@contextmanager
def remembered() -> Iterator[None]:
    """The networks look at each frame of the clip once, and answer the same afterwards.

    What lies behind them is then tried with five times as many events a second; what goes by the clock comes as often.
    """
    known: dict[bytes, FrameResult] = {}
    read = PlatePipeline.read

    def look_up(reader: PlatePipeline, frame_bgr: Image, *_: object) -> FrameResult:
        key = frame_bgr[::16, ::16].tobytes()
        if key not in known:
            known[key] = read(reader, frame_bgr)
        return known[key]

    with ExitStack() as stack:
        stack.enter_context(patch.object(PlatePipeline, "read", look_up))
        stack.enter_context(patch.object(wire_delivery, "Retention", partial(Retention, every_s=PRUNE_S)))
        stack.enter_context(patch.object(frame_counts, "WINDOW_S", WINDOW_S))
        yield


def frames_of_clip() -> int:
    return sum(1 for _ in open_clip(CLIP).frames)


def run(folder: Path, turns: int, memory: Memory) -> tuple[Place, int]:
    """One run over so many turns of the clip; the most threads that it had is beside it."""
    folder.mkdir()
    most = 0
    with ExitStack() as stack:
        place = Place(folder, stack.enter_context(receiving(folder)), stack.enter_context(subscribed(folder)))
        stack.enter_context(watched(str(place.config.web.web)))
        stdout = stack.enter_context((folder / "stdout").open("w", encoding="utf-8"))

        def at_end() -> None:
            nonlocal most
            most = threading.active_count()
            stdout.flush()
            place.wait_for_all()

        with redirect_stdout(stdout):
            read_plates(place.config, Source(str(CLIP), "clip", 25.0, looped(turns, memory, at_end)), RunOptions())
    return place, most


def report(place: Place, turns: int, events_a_turn: int, frames: int) -> Table:
    """What was tried and what was lost."""
    table = Table()
    announced = place.announced()
    table.add("frames of a looped clip", turns * frames, 0)
    table.add("events announced", turns * events_a_turn, abs(turns * events_a_turn - len(announced)))
    for name, ids in place.stored().items():
        table.add(f"events in {name}", len(announced), len(set(announced) - set(ids)))
        twice_or_strange = len(ids) - len(set(ids) & set(announced))
        table.add(f"events in {name} twice, or never announced", len(ids), twice_or_strange)
    return table


def main(argv: list[str] | None = None) -> int:
    """Run, print the table, and give 1 where anything was lost, or left over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument(
        "--remember", action="store_true", help="let the networks look at each frame of the clip only once"
    )
    parser.add_argument("--json", type=Path, help="write the result there, too")
    arguments = parser.parse_args(argv)
    with remembered() if arguments.remember else nullcontext():
        return soak(arguments.frames, arguments.json)


def soak(wanted: int, result: Path | None = None) -> int:
    """Run over so many frames, rounded up to whole turns of the clip, and write the result; see `main`."""
    frames = frames_of_clip()
    turns = math.ceil(wanted / frames)
    with tempfile.TemporaryDirectory() as name:
        first, _ = run(Path(name) / "first", 1, Memory())
        grow_name_table()
        before = Leftovers.now()
        memory, start = Memory(), time.monotonic()
        place, most = run(Path(name) / "soak", turns, memory)
        seconds = time.monotonic() - start
        after = Leftovers.now()
        table = report(place, turns, len(first.announced()), frames)
        events = len(place.announced())
        on_disk = sum(path.stat().st_size for path in place.folder.rglob("*") if path.is_file())
    table.add("threads left over", most, after.threads - before.threads)
    table.add("file handles left over", after.handles, after.handles - before.handles)
    lines = [
        *table.lines(),
        f"{turns * frames / seconds:.1f} frames a second, {seconds:.0f} s; {on_disk / 1e6:.0f} MB on disk",
        *memory.lines(events),
    ]
    print("\n".join(lines))
    failed = int(any(lost for _, _, lost in table.rows) or not memory.is_flat(events))
    if result:
        taken = {
            "command": f"make soak FRAMES={wanted}",
            "exit_status": failed,
            "frames": turns * frames,
            "frames_per_second": round(turns * frames / seconds, 1),
            "table": [{"what": what, "tried": tried, "lost": lost} for what, tried, lost in table.rows],
            **memory.record(events),
        }
        result.write_text(json.dumps(taken, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
