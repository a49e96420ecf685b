"""Records on stdout, and who reads them late or never."""

import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from tests.edge.app.test_edge_cli import models, write_clip
from tests.support.deliveries import Record, record, wait_until
from tests.support.faults import Tally

from lpr_edge.base import log
from lpr_edge.delivery.sinks import json_lines
from lpr_edge.delivery.sinks.json_lines import JsonLines

__all__ = ["models"]

BIG = {"text": "x" * 3000}


class Pipe:
    """A pipe whose reader takes what it is told to, and not before."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 16384)
        self.reader, self.writer = os.fdopen(reading, "rb", buffering=0), os.fdopen(writing, "w")
        self.got = b""

    def fill(self) -> None:
        """Leave no room in it."""
        os.set_blocking(self.writer.fileno(), False)
        try:
            while True:
                os.write(self.writer.fileno(), b"\n")
        except BlockingIOError:
            os.set_blocking(self.writer.fileno(), True)

    def read(self, lines: int) -> list[Record]:
        """The first records, read as they come."""
        while self.got.strip(b"\n").count(b"\n") < lines - 1 or not self.got.endswith(b"}\n"):
            self.got += self.reader.read(4096)
        return [json.loads(line) for line in self.got.split(b"\n") if line]

    def close(self) -> None:
        self.writer.close()
        self.reader.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


@pytest.mark.faults
def test_a_reader_that_stalls_gets_all_when_it_reads_again(
    pipe: Pipe, capsys: pytest.CaptureFixture[str], tally: Tally
) -> None:
    """While nobody reads, `write` and `tick` return and records wait; read again, all are there, whole and in order."""
    sink = JsonLines(pipe.writer, stall_s=0.05)
    wanted = [record(number) | BIG for number in range(20)]
    for event in wanted:
        sink.write(event)
    sink.tick()
    got: list[Record] = []
    reading = threading.Thread(target=lambda: got.extend(pipe.read(len(wanted))))
    reading.start()
    sink.close()
    reading.join(20)
    tally("reader of stdout stalls, events", len(wanted), len(wanted) - len(got))
    assert got == wanted
    err = capsys.readouterr().err
    lines = ("stdout is not being read", "stdout is read again", "were not read")
    assert [err.count(line) for line in lines] == [1, 1, 0]


def test_tending_sends_what_waits(pipe: Pipe) -> None:
    """No new record is needed for those that wait to go out."""
    pipe.fill()
    sink = JsonLines(pipe.writer, stall_s=0.01)
    sink.write(record(0))
    pipe.reader.read(16384)
    sink.tick()
    assert pipe.read(1) == [record(0)]


def test_in_a_hurry_nobody_is_waited_for(pipe: Pipe, capsys: pytest.CaptureFixture[str]) -> None:
    """After a stop was asked for, neither a write nor the end waits for a reader; what wasn't read is counted."""
    pipe.fill()
    sink = JsonLines(pipe.writer, stall_s=1000)
    sink.stop_waiting()
    for number in range(5):
        sink.write(record(number))
    sink.close()
    assert "5 records on stdout were not taken by its reader" in capsys.readouterr().err


def test_too_many_records_wait_for_the_reader(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory takes records up to a limit; beyond it frames wait, and no record is lost."""
    monkeypatch.setattr(json_lines, "MAX_BYTES", 10_000)
    sink = JsonLines(pipe.writer, stall_s=0.0)
    wanted = [record(number) | BIG for number in range(10)]
    got: list[Record] = []
    reading = threading.Thread(target=lambda: got.extend(pipe.read(len(wanted))))
    for number, event in enumerate(wanted):
        if number == 4:
            reading.start()
        sink.write(event)
        assert sum(map(len, sink._waiting)) <= 10_000
    sink.close()
    reading.join(20)
    assert got == wanted


def test_a_record_interrupted_in_its_write_comes_once(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop within `write` has the event written again, and the reader gets one line of it."""

    def interrupt(_handle: int, _wait_s: float | None) -> bool:
        raise KeyboardInterrupt

    sink = JsonLines(pipe.writer)
    with monkeypatch.context() as patched:
        patched.setattr(json_lines, "takes_more", interrupt)
        with pytest.raises(KeyboardInterrupt):
            sink.write(record(0))
    sink.write(record(0))
    sink.write(record(1))
    sink.write(record(1))
    assert pipe.read(3) == [record(0), record(1), record(1)]


def test_a_stream_without_a_file_is_written_as_it_is() -> None:
    """Tests and callers of the Python API may give any stream."""
    stream = io.StringIO()
    sink = JsonLines(stream)
    sink.write(record(0))
    assert json.loads(stream.getvalue()) == record(0)
    sink.close()


def test_who_does_not_read_stderr_stops_nothing(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that nobody takes are left out, and those that come when somebody reads again are not."""
    pipe.fill()
    stderr: TextIO = pipe.writer
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(log, "PATIENCE_S", 0.01)
    monkeypatch.setattr(log, "_patience_s", 0.01)
    for _ in range(100):
        log.warn("nobody hears this")
    pipe.reader.read(16384)
    log.warn("back")
    assert pipe.reader.read(4096) == b"lpr-edge: back\n"


@pytest.mark.faults
@pytest.mark.parametrize("stalled", ["stdout", "stdout and stderr"])
def test_sigterm_ends_a_run_whose_reader_stalls(
    models: list[str], tmp_path: Path, pipe: Pipe, stalled: str, tally: Tally
) -> None:
    """Nobody reads stdout, nor stderr, and SIGTERM ends the command with status 0; its events are in the store."""
    clip = write_clip(tmp_path / "clip.avi", ("A104", "L77"))
    pipe.fill()
    store = str(tmp_path / "plates.db")
    lines, errors = tmp_path / "plates.jsonl", tmp_path / "stderr"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "lpr_edge", "--source", str(clip), *models, "--jsonl", str(lines), "--store", store],
            stdout=pipe.writer,
            stderr=stderr if stalled == "stdout" else pipe.writer,
        )
    try:
        wait_until(lambda: lines.exists() and lines.read_text().count("\n") == 2, 120)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
    tally("SIGTERM while nobody reads stdout, events", 2, 2 - lines.read_text().count("\n"))
    if stalled == "stdout":
        assert "records on stdout were not taken by its reader" in errors.read_text()
