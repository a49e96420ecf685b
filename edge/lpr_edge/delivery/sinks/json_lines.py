"""One JSON object a line."""

import json
from typing import TextIO

from lpr_edge.contract.errors import LprError
from lpr_edge.tracking.event_record import Record
from lpr_edge.tracking.tracker import Event


class JsonLines:
    """Writes each record as one line, at once, so that a pipe's reader sees it when it happens."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, record: Record, event: Event | None = None) -> None:  # noqa: ARG002
        """Write and flush one line.

        Raises:
            BrokenPipeError: nobody reads any more.
            LprError: it can't be written, for example to a full disk.
        """
        try:
            self._stream.write(json.dumps(record, ensure_ascii=False) + "\n")
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise LprError(
                f"can't write a record ({error.strerror}): make room or write elsewhere, then start again"
            ) from error

    def tend(self) -> None:
        """Nothing is ever left over."""

    def close(self) -> None:
        """Leave the stream open: it belongs to who gave it."""
