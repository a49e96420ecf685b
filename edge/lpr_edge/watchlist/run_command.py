"""Run a program when a listed plate is read."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Thread
from time import monotonic

from lpr_edge.base.log import log_debug, warn
from lpr_edge.base.workers import surviving
from lpr_edge.config.actions import Program
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.url import redact_command
from lpr_edge.contract.records import Record

MAX_WAITING = 20
STALE_S = 10.0
"""A run that waited longer than this many seconds is dropped: the vehicle has left."""
CLOSE_S = 0.7
"""How long runs may still take at the end; a stop must be over in 2 s."""
OUR_PREFIX = "LPR_"
"""Of this device's settings in the environment, passwords among them, which are nobody else's."""


class CommandAction:
    """Runs a program for each match, one at a time, in a thread."""

    def __init__(self, program: Program, timeout_s: float) -> None:
        """Start the thread; the program is killed when it takes longer.

        Raises:
            LprError: there is no such program.
        """
        self._words = find_program(program)
        self._timeout_s = timeout_s
        self._waiting: Queue[tuple[float, Record]] = Queue(MAX_WAITING)
        self._deadline: float | None = None
        """When it must be over (`monotonic`); None while nobody closes it."""
        self._thread = Thread(target=self._run, name="lpr-command", daemon=True)
        self._thread.start()

    def start(self, record: Record) -> None:
        """Queue a run of the program."""
        try:
            self._waiting.put_nowait((monotonic(), record))
        except Full:
            warn(f"{self._words[0]} isn't run for event {record['id']}: {MAX_WAITING} runs wait already")

    def start_closing(self) -> None:
        """Set the deadline for pending runs."""
        self._deadline = monotonic() + CLOSE_S

    def close(self) -> None:
        """Wait until the deadline; a program that still runs is left running, as it may have half opened a gate."""
        if self._deadline is None:
            self.start_closing()
        self._thread.join(max(0.0, (self._deadline or 0.0) - monotonic()))
        if self._thread.is_alive():
            warn(f"{self._words[0]} still runs, and is left to itself; {self._waiting.qsize()} more runs weren't begun")

    def _run(self) -> None:
        while self._deadline is None or (monotonic() < self._deadline and not self._waiting.empty()):
            with suppress(Empty):
                asked_at, record = self._waiting.get(timeout=0.1)
                with surviving("on_match"):
                    self._do(asked_at, record)

    def _do(self, asked_at: float, record: Record) -> None:
        if monotonic() - asked_at > STALE_S:
            warn(f"{self._words[0]} isn't run for event {record['id']}: it waited more than {STALE_S:g} s")
        else:
            self._carry_out(record)

    def _carry_out(self, record: Record) -> None:
        try:
            process = subprocess.Popen(
                [*self._words, *arguments_of(record)],
                stdin=subprocess.DEVNULL,
                stdout=2,  # stdout is for records
                env=environment_of(record, os.environ),
                start_new_session=True,
            )
        except OSError as error:
            warn(f"{self._words[0]} can't be run: {error.strerror}")
            return
        try:
            status = process.wait(self._timeout_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            warn(f"{self._words[0]} took more than {self._timeout_s:g} s for event {record['id']}, and was killed")
            return
        if status == 0:
            log_debug(f"{self._words[0]} was run for event {record['id']}")
        else:
            warn(f"{self._words[0]} ended with status {status} for event {record['id']}")


def find_program(program: Program) -> list[str]:
    """Find a program; its path, then its arguments.

    Raises:
        LprError: there is no such program.
    """
    path = shutil.which(program.words[0])
    if path is None:
        raise LprError(
            f"Setting `on_match` is {redact_command(str(program))!r}, and its first word must be a program that can be "
            "run."
        )
    return [path, *program.words[1:]]


def arguments_of(record: Record) -> list[str]:
    """Arguments appended to the command: action, plate and name."""
    matched = record["matched"]
    return [_argument(text) for text in (matched["action"], record["text"], matched["name"])]


def environment_of(record: Record, environment: Mapping[str, str]) -> dict[str, str]:
    """Environment of the program: this one without lpr's settings, and the match as `MATCH_...`."""
    kept = {name: text for name, text in environment.items() if not name.startswith(OUR_PREFIX)}
    matched = record["matched"]
    return kept | {
        "MATCH_ACTION": matched["action"],
        "MATCH_NAME": _argument(matched["name"]),
        "MATCH_PLATE": _argument(record["text"]),
        "MATCH_LISTED": _argument(matched["plate"]),
        "MATCH_EDITS": str(matched["edits"]),
        "MATCH_ID": record["id"],
        "MATCH_RECORD": json.dumps(record, ensure_ascii=False),
    }


def _argument(text: str) -> str:
    """Make a text a valid argument: a NUL byte would end it, and lone surrogates can't be encoded."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and all processes that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
