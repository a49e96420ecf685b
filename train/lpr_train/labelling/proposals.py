"""Readings of images before a person labels them: `lpr-edge` runs in a separate process."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from lpr_edge.contract.base.errors import LprError

COMMAND = "lpr-edge"
Plates = list[dict[str, Any]]


class Proposals:
    """Reads images one by one, and passes on the readings."""

    def __init__(
        self, pictures: Sequence[Path], take: Callable[[Path, Plates], None], flags: Sequence[str], are_crops: bool
    ) -> None:
        """Start reading.

        Args:
            pictures: in the order in which they are read.
            take: called from a thread with a picture and its plates; none where nothing was found or read.
            flags: for `lpr-edge`, such as another reader.
            are_crops: whether a plate fills each picture.

        Raises:
            LprError: there is no `lpr-edge`.
        """
        self.trouble = ""
        """Why reading has stopped before its end; empty while all is well."""
        self._folder = tempfile.TemporaryDirectory(prefix="lpr-label-")
        self._pictures = list(pictures)
        for number, path in enumerate(self._pictures):
            (Path(self._folder.name) / f"{number:07d}{path.suffix}").symlink_to(path.absolute())
        source = ["--crops" if are_crops else "--source", self._folder.name]
        self._process = subprocess.Popen(
            [_command(), *source, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        self._take = take
        self._thread = Thread(target=self._run, name="lpr-proposals", daemon=True)
        self._thread.start()
        self._listener = Thread(target=self._listen, name="lpr-proposals-errors", daemon=True)
        self._listener.start()
        self._said = b""

    def _run(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with suppress(ValueError, KeyError, IndexError):
                record = json.loads(line)
                self._take(self._pictures[int(Path(record["source"]).stem)], plates_of(record))
        status = self._process.wait()
        self._listener.join()
        if status not in (0, 1) or (status == 1 and b"Give" in self._said):
            self.trouble = f"{COMMAND} has stopped: {self._said.decode(errors='replace').strip()[-300:]}"

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said = (self._said + line)[-2000:]

    @property
    def is_reading(self) -> bool:
        """Whether more readings may come."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Wait until all images are read."""
        self._thread.join()

    def close(self) -> None:
        """Stop reading."""
        self._process.terminate()
        self._thread.join(5)
        self._folder.cleanup()


def plates_of(record: dict[str, Any]) -> Plates:
    """Plates of a record, including low-confidence ones: corners, rows and confidence."""
    return [
        {"quad": plate["quad"], "rows": plate["rows"], "confidence": plate["confidence"]} for plate in _plates(record)
    ]


def _plates(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "text" in record:
        yield record
    yield from record.get("plates", ())
    yield from record.get("unsure", ())


def _command() -> str:
    """The `lpr-edge` that is installed with this Python.

    Raises:
        LprError: there is none.
    """
    own = Path(sys.executable).with_name(COMMAND)
    found = str(own) if own.is_file() else shutil.which(COMMAND)
    if not found:
        raise LprError(f"no {COMMAND}, which reads the pictures first: install lpr again, or give --no-readings")
    return found
