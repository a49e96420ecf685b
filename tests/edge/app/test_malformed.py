"""Thousands of inputs that are nearly right: each is taken or refused, and nothing crashes or hangs."""

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from tests.edge.app.test_edge_cli import write_clip
from tests.support import malformed
from tests.support.deliveries import record, wait_until
from tests.support.faults import Tally
from tests.support.pages import TOKEN, get, page, raw, show
from tests.support.urls import webhook_url

from lpr_edge.capture.frame import Frame
from lpr_edge.capture.images import read_still
from lpr_edge.capture.open_source import open_source
from lpr_edge.capture.video_file import open_clip
from lpr_edge.config.loading import load_config
from lpr_edge.contract.base.errors import LprError, SourceError
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sink import DeliveryError, RefusedError, StoredEvent
from lpr_edge.delivery.sinks.log_files import JsonFile
from lpr_edge.delivery.sinks.webhook import Webhook
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.watchlist.watch_list import read_list

SEED = 20260301
Feed = Callable[[int, Path, PlatePipeline], object]
"""Gives so many inputs of a kind to what takes them; raises where one isn't dealt with."""


def feed_pictures(count: int, folder: Path, reader: PlatePipeline) -> None:
    for suffix, data in itertools.islice(malformed.pictures(np.random.default_rng(SEED)), count):
        path = folder / f"picture{suffix}"
        path.write_bytes(data)
        still = read_still(path)
        if isinstance(still, Frame):
            reader.read(still.image_bgr)
        else:
            assert str(path) in still.error


def feed_configs(count: int, folder: Path, _: PlatePipeline) -> None:
    path = folder / "lpr.toml"
    for data in itertools.islice(malformed.configs(np.random.default_rng(SEED)), count):
        path.write_bytes(data)
        with suppress(LprError):
            load_config(path, {})


def feed_json_lines(count: int, folder: Path, _: PlatePipeline) -> None:
    for number, data in enumerate(itertools.islice(malformed.json_lines(np.random.default_rng(SEED)), count)):
        path = folder / f"plates{number}.jsonl"
        path.write_bytes(data)
        sink = JsonFile(path, 1_000_000)
        sink.deliver(StoredEvent(1, record(number)))
        sink.deliver(StoredEvent(1, record(number)))
        assert path.read_bytes().count(record(number)["id"].encode()) == 1
        assert sink.file.last_line().startswith('{"event"')
        path.unlink()


def feed_lists(count: int, folder: Path, reader: PlatePipeline) -> None:
    path = folder / "gate.csv"
    for data in itertools.islice(malformed.watch_lists(np.random.default_rng(SEED)), count):
        path.write_bytes(data)
        with suppress(LprError):
            read_list(path, reader.reader.grammar)


def feed_databases(count: int, folder: Path, _: PlatePipeline) -> None:
    good = Outbox(folder / "good.db", ["a"])
    for number in range(20):
        good.add(record(number))
    good.close()
    data, rng = (folder / "good.db").read_bytes(), np.random.default_rng(SEED)
    for number in range(count):
        path = folder / f"bad{number}.db"
        path.write_bytes(malformed.damage(data, rng))
        with suppress(LprError):
            box = Outbox(path, ["a"])
            assert box.add(record(99)) == record(99)  # damage that shows later makes it begin a new file by itself
            while stored_event := box.next_for("a"):
                box.mark_delivered("a", stored_event.number)
            box.close()
        for part in folder.glob(f"bad{number}.db*"):
            part.unlink()


def feed_clips(count: int, folder: Path, _: PlatePipeline) -> None:
    data = write_clip(folder / "good.avi", ("A104",), 2).read_bytes()
    rng = np.random.default_rng(SEED)
    for _number in range(count):
        path = folder / "bad.avi"
        path.write_bytes(malformed.damage(data, rng))
        with suppress(SourceError), closing(open_clip(path)) as source:
            for _frame in itertools.islice(source.frames, 100):
                pass


@contextmanager
def answering(answers: Iterator[bytes]) -> Iterator[int]:
    """A server that says something to each who connects, and hangs up; its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=50)

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # closed
                return
            with client, suppress(OSError):
                client.settimeout(5)
                client.recv(65536)
                client.sendall(next(answers))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def feed_webhooks(count: int, _: Path, __: PlatePipeline) -> None:
    with answering(malformed.http_answers(np.random.default_rng(SEED))) as port:
        sink = Webhook(webhook_url(f"http://127.0.0.1:{port}/"), timeout_s=5)
        for number in range(count):
            with suppress(DeliveryError, RefusedError):
                sink.deliver(StoredEvent(number, record(number)))


def feed_streams(count: int, _: Path, __: PlatePipeline) -> None:
    with answering(malformed.streams(np.random.default_rng(SEED))) as port:
        for number in range(count):
            with suppress(SourceError), closing(open_source(f"http://127.0.0.1:{port}/{number}", 0.001)) as source:
                for _frame in itertools.islice(source.frames, 20):
                    pass


def feed_page(count: int, _: Path, __: PlatePipeline) -> None:
    stats = RuntimeStats()
    before = threading.active_count()
    with page(TOKEN, stats=stats) as live:
        show(live, stats)
        for data in itertools.islice(malformed.http_requests(np.random.default_rng(SEED), TOKEN), count):
            answer = raw(live, data)
            assert not answer or answer.startswith(b"HTTP/1.1 "), data
            assert b"Traceback" not in answer
        assert get(live, "/health", {"Authorization": f"Bearer {TOKEN}"})[0] == 200
    wait_until(lambda: threading.active_count() == before)


KINDS: dict[str, tuple[Feed, int, int]] = {
    "pictures": (feed_pictures, 2500, 60),
    "configs": (feed_configs, 2500, 60),
    "ends of JSON lines": (feed_json_lines, 500, 10),
    "watch lists": (feed_lists, 1000, 20),
    "databases": (feed_databases, 200, 10),
    "clips": (feed_clips, 400, 10),
    "webhook answers": (feed_webhooks, 800, 20),
    "streams": (feed_streams, 100, 3),
    "requests to the page": (feed_page, 2000, 40),
}
"""How many in all, and in the plain run."""


@pytest.mark.parametrize("kind", KINDS)
def test_some_malformed_inputs(kind: str, tmp_path: Path, plate_reader: PlatePipeline) -> None:
    """A few of each kind, in every plain run."""
    feed, _, few = KINDS[kind]
    feed(few, tmp_path, plate_reader)


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
def test_10000_malformed_inputs(kind: str, tmp_path: Path, plate_reader: PlatePipeline, tally: Tally) -> None:
    """Ten thousand in all: each is taken or refused in the way that is documented, and nothing crashes or hangs."""
    feed, many, _ = KINDS[kind]
    feed(many, tmp_path, plate_reader)
    tally(f"malformed {kind}", many, 0)


def test_there_are_10000() -> None:
    """The kinds add up to what is promised."""
    assert sum(many for _, many, _ in KINDS.values()) >= 10_000
