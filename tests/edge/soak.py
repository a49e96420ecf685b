"""A long run in one process: a looped clip, all sinks on, somebody watching; what was lost, and what was left over.

python -m tests.edge.soak --frames 200000. Where mosquitto (Debian: mosquitto) is missing, it does without MQTT, and the
table lacks that line.
"""

import argparse
import csv
import gc
import itertools
import json
import math
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.request import urlopen

from tests.edge.deliveries import broker, free_port, wait_until
from tests.edge.faults import Table
from tests.edge.memory import Memory
from tests.edge.servers import QuietHandler, running

from lpr_edge.config import Config
from lpr_edge.demo import FOLDER
from lpr_edge.frames import Frame, Frames, Source
from lpr_edge.frames.clip import open_clip
from lpr_edge.jobs import read_plates
from lpr_edge.sinks.outbox import Outbox
from lpr_edge.sinks.rotation import RotatedFile

CLIP = FOLDER / "clip.mp4"
BETWEEN = timedelta(minutes=1)
"""From one turn of the clip to the next, longer than `gap`: its vehicles come again."""


def looped(turns: int, memory: Memory, at_end: Callable[[], None]) -> Frames:
    """The clip again and again, each time later."""
    count = itertools.count()
    length = timedelta()
    for turn in range(turns):
        source = open_clip(CLIP)
        begin = None
        for frame in source.frames:
            assert isinstance(frame, Frame)
            begin = begin or frame.time
            length = max(length, frame.time - begin)
            number = next(count)
            memory.look(number)
            yield replace(frame, index=number, time=frame.time + turn * (length + BETWEEN))
    at_end()


def frames_of_clip() -> int:
    return sum(1 for _ in open_clip(CLIP).frames)


class Place:
    """A run's folder, the receivers that write there, and its settings."""

    def __init__(self, folder: Path, webhook: str, mqtt: str) -> None:
        self.folder = folder
        self.config = Config(
            source=str(CLIP),
            store=folder / "plates.db",
            jsonl=folder / "plates.jsonl",
            csv=folder / "plates.csv",
            rotate_size="1MB",
            snapshots=folder / "pictures",
            webhook=webhook,
            mqtt=mqtt,
            mqtt_metrics="5s",
            device="soak",
            web=f"127.0.0.1:{free_port()}",
        )

    @property
    def received(self) -> list[str]:
        """The names of the sinks that are other programs."""
        return ["webhook", "mqtt"] if self.config.mqtt else ["webhook"]

    def ids(self, name: str) -> list[str]:
        """The ids that one of those, or stdout, has got."""
        path = self.folder / f"{name}.ids"
        return path.read_text().split() if path.exists() else []

    def announced(self) -> list[str]:
        return [json.loads(line)["id"] for line in (self.folder / "stdout").read_text().splitlines()]

    def wait_for_all(self) -> None:
        """What was announced has arrived everywhere; whoever waits in vain goes on, and the table shows it."""
        with suppress(AssertionError):
            wait_until(lambda: all(len(self.ids(name)) >= len(self.announced()) for name in self.received), 120)

    def stored(self) -> dict[str, list[str]]:
        """The ids in everything that keeps events, by its name."""
        box = Outbox(self.folder / "plates.db", [])
        kept = {"store": [event["id"] for event in box.records()]}
        box.close()
        lines, table = ("".join(self._whole(f"plates.{suffix}")) for suffix in ("jsonl", "csv"))
        kept["jsonl"] = [json.loads(line)["id"] for line in lines.splitlines()]
        kept["csv"] = [row[0] for row in csv.reader(table.splitlines()) if row[0] != "id"]
        pictures = {path.stem for path in (self.folder / "pictures").glob("*.jpg")}
        kept["snapshots"] = sorted(name for name in pictures if f"{name}-plate" in pictures)
        return kept | {name: self.ids(name) for name in self.received}

    def _whole(self, name: str) -> Iterator[str]:
        path = self.folder / name
        for part in [*RotatedFile(path, 0).put_by(), path]:
            yield part.read_text(encoding="utf-8")


@contextmanager
def receiving(folder: Path) -> Iterator[str]:
    """A webhook's server that writes down each id."""

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with (folder / "webhook.ids").open("a") as file:
                file.write(f"{body['id']}\n")
            self.send_response(200)
            self.end_headers()

    with running(Handler) as url:
        yield url


@contextmanager
def subscribed(folder: Path) -> Iterator[str]:
    """A broker, and a subscriber that writes down each id; nothing where mosquitto is missing."""
    if shutil.which("mosquitto") is None:
        yield ""
        return
    from paho.mqtt import client as mqtt

    def note(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        with (folder / "mqtt.ids").open("a") as file:
            file.write(f"{json.loads(message.payload)['id']}\n")

    port = free_port()
    with broker(folder, port):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.on_message = note
        client.connect("127.0.0.1", port)
        client.subscribe("lpr/+/event", qos=1)
        client.loop_start()
        yield f"mqtt://127.0.0.1:{port}"
        client.disconnect()
        client.loop_stop()


@contextmanager
def watched(address: str) -> Iterator[None]:
    """Somebody looks at the page."""
    over = threading.Event()

    def watch() -> None:
        paths = itertools.cycle(("picture.jpg", "state.json", "metrics", "health"))
        while not over.wait(0.5):
            with suppress(OSError), urlopen(f"http://{address}/{next(paths)}", timeout=5) as answer:
                answer.read()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@dataclass(frozen=True)
class Leftovers:
    """What a process has open."""

    threads: int
    handles: int

    @classmethod
    def now(cls) -> "Leftovers":
        """When what is under way has come to rest."""
        time.sleep(1.0)
        gc.collect()  # paho's client closes its own pair of sockets then
        return cls(threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))


def run(folder: Path, turns: int, memory: Memory) -> tuple[Place, int]:
    """One run over so many turns of the clip; the most threads that it had is beside it."""
    folder.mkdir()
    most = 0
    with ExitStack() as stack:
        place = Place(folder, stack.enter_context(receiving(folder)), stack.enter_context(subscribed(folder)))
        stack.enter_context(watched(place.config.web))
        stdout = stack.enter_context((folder / "stdout").open("w", encoding="utf-8"))

        def at_end() -> None:
            nonlocal most
            most = threading.active_count()
            stdout.flush()
            place.wait_for_all()

        with redirect_stdout(stdout):
            read_plates(place.config, Source(str(CLIP), "clip", 25.0, looped(turns, memory, at_end)))
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
    arguments = parser.parse_args(argv)
    frames = frames_of_clip()
    turns = math.ceil(arguments.frames / frames)
    with tempfile.TemporaryDirectory() as name:
        first, _ = run(Path(name) / "first", 1, Memory())
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
    print("\n".join(table.lines()))
    print(f"{turns * frames / seconds:.1f} frames a second, {seconds:.0f} s; {on_disk / 1e6:.0f} MB on disk")
    print(memory.line(events))
    return int(any(lost for _, _, lost in table.rows) or not memory.is_flat())


if __name__ == "__main__":
    sys.exit(main())
