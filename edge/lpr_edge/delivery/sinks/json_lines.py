"""Writes records to a stream, one JSON object in each line."""

import json
import os
import select
from collections import deque
from time import monotonic, sleep
from typing import TextIO

from lpr_edge.base.log import handle_of, log_info, takes_more, warn
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.records import Record, Sighting

STALL_S = 5.0
"""Seconds without progress of the reader after which records wait in memory and frames are read again."""
STOP_WAIT_S = 0.5
"""Seconds that the reader still gets when a stop is requested."""
MAX_BYTES = 10_000_000
"""Maximum size of waiting records; beyond it frames wait for the reader, so that no record is lost."""
CHUNK = select.PIPE_BUF
"""Number of bytes that a ready pipe takes without blocking (POSIX, `write`)."""


class JsonLines:
    """Writes each record as one line immediately, so that a pipe's reader gets it at once."""

    def __init__(self, stream: TextIO, stall_s: float = STALL_S) -> None:
        """Wrap a stream.

        Args:
            stream: stays open. A stream without a file descriptor is written directly, without a time limit.
            stall_s: see STALL_S.
        """
        self._stream = stream
        self._handle = handle_of(stream)
        self._stall_s = stall_s
        self._waiting: deque[bytes] = deque()
        self._unfinished = b""
        """The line within whose `write` an exception came; it waits already when the same record is written again."""
        self._is_late = False
        self._deadline: float | None = None
        """When nobody is waited for any longer (`monotonic`); None before a stop."""

    def write(self, record: Record, event: Sighting | None = None) -> None:  # noqa: ARG002
        """Write one line; a reader that takes nothing for `stall_s` gets it later, and isn't waited for any more.

        Raises:
            BrokenPipeError: nobody reads any more.
            LprError: it can't be written, for example to a full disk.
        """
        line = (json.dumps(record, ensure_ascii=False) + "\n").encode(errors="replace")
        if line != self._unfinished:
            self._waiting.append(line)
        self._unfinished = line
        self._send(0.0 if self._is_late else self._stall_s)
        while self._deadline is None and sum(map(len, self._waiting)) > MAX_BYTES:
            self._send(None)
        self._unfinished = b""

    def tick(self) -> None:
        """Write waiting records as far as the reader takes them."""
        if self._waiting:
            self._send(0.0)

    def stop_waiting(self) -> None:
        """Wait at most STOP_WAIT_S in total from now on."""
        if self._deadline is None:
            self._deadline = monotonic() + STOP_WAIT_S

    def close(self) -> None:
        """Wait until all is read, at most `STOP_WAIT_S` once stopping, and report the rest; the stream stays open."""
        try:
            self._send(None)
        finally:  # also where SIGTERM comes while it waits
            if self._waiting:
                warn(f"{len(self._waiting)} records on stdout were not taken by its reader")
                self._waiting.clear()

    def _send(self, patience_s: float | None) -> None:
        """Write waiting lines until the reader takes nothing for `patience_s`; None: no limit unless stopping."""
        try:
            while self._waiting:
                if not self._is_ready(patience_s):
                    self._report_delay(is_late=True)
                    return
                self._send_chunk()
        except BrokenPipeError:
            self._waiting.clear()
            raise
        except OSError as error:
            self._waiting.clear()
            raise LprError(
                f"can't write a record ({error.strerror}): make room or write elsewhere, then start again"
            ) from error
        self._report_delay(is_late=False)

    def _is_ready(self, patience_s: float | None) -> bool:
        if self._handle is None:
            return True
        if self._deadline is not None:
            left_s = max(0.0, self._deadline - monotonic())
            patience_s = left_s if patience_s is None else min(patience_s, left_s)
        return takes_more(self._handle, patience_s)

    def _send_chunk(self) -> None:
        line = self._waiting[0]
        if self._handle is None:
            self._stream.write(line.decode())
            self._stream.flush()
            sent = len(line)
        else:
            try:
                sent = os.write(self._handle, line[:CHUNK])
            except BlockingIOError:  # the stream is non-blocking, and its reader takes less than a chunk
                sleep(0.01)
                return
        if sent == len(line):
            self._waiting.popleft()
        else:
            self._waiting[0] = line[sent:]

    def _report_delay(self, is_late: bool) -> None:
        if is_late == self._is_late or self._deadline is not None:
            return
        self._is_late = is_late
        if is_late:
            warn("stdout is not being read: records wait in memory until it is")
        else:
            log_info("stdout is read again")
