"""A log file that is rotated when it is too large, or when the day is over."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from lpr_edge.base.private_files import make_private_folder, open_private, sync_folder
from lpr_edge.delivery.sink import DeliveryError

TAIL = 65536
"""Maximum length of a line in bytes, when the last line is looked up."""


class RotatedFile:
    """A log file, such as `plates.jsonl`, with its rotated files, such as `plates-20260301T060000.jsonl`."""

    def __init__(self, path: Path, limit_bytes: int, header: str = "") -> None:
        """Open an existing or a new log file.

        Args:
            path: the log file.
            limit_bytes: it is rotated before it would exceed this size.
            header: first line of each file; a file that begins otherwise is rotated.
        """
        self.path = path
        self._limit = limit_bytes
        self._header = header
        self._is_mended = False
        self._is_checked = False

    def last_line(self) -> str:
        """The last complete line, also from a rotated file; empty without any."""
        self._mend()
        for path in self._newest_first():
            if path.exists() and (lines := _tail(path).splitlines()):
                return lines[-1]
        return ""

    def append(self, line: str) -> None:
        """Append a line and wait until it is on disk.

        Raises:
            DeliveryError: it can't be written; the file is unchanged.
        """
        self._mend()
        try:
            self._rotate(len(line.encode()))
            self._write(line)
        except OSError as error:
            raise DeliveryError(f"can't write {self.path}: {error.strerror}") from error

    def rotated_files(self) -> Iterator[Path]:
        """The rotated files, oldest first."""
        pattern = re.compile(re.escape(self.path.stem) + r"-\d{8}T\d{6}(\.\d+)?" + re.escape(self.path.suffix))
        found = self.path.parent.glob(f"*{self.path.suffix}") if self.path.parent.is_dir() else ()
        yield from sorted((path for path in found if pattern.fullmatch(path.name)), key=lambda path: path.stem)

    def _newest_first(self) -> Iterator[Path]:
        yield self.path
        yield from reversed(
            list(self.rotated_files())
        )  # not looked for while the file itself has lines: it may be a crowd

    def _write(self, line: str) -> None:
        make_private_folder(self.path.parent)
        with open(self.path, "ab", buffering=0, opener=open_private) as file:  # `Path.open` takes no opener
            before = file.tell()
            if not before:
                sync_folder(self.path.parent)
            first = f"{self._header}\n" if self._header and not before else ""
            data = f"{first}{line}\n".encode()
            try:
                if file.write(data) != len(data):
                    raise OSError(28, "No space left on device")
                os.fsync(file.fileno())
            except OSError:
                file.truncate(before)
                raise

    def _mend(self) -> None:
        """Remove an incomplete last line that a killed process has left."""
        if self._is_mended or not self.path.exists():
            return
        try:
            with self.path.open("rb+") as file:
                tail = _tail_bytes(self.path)
                if not tail.endswith(b"\n"):
                    file.truncate(file.seek(0, os.SEEK_END) - (len(tail) - tail.rfind(b"\n") - 1))
        except OSError as error:
            raise DeliveryError(f"can't write {self.path}: {error.strerror}") from error
        self._is_mended = True

    def _rotate(self, coming: int) -> None:
        if not self.path.exists() or not self.path.stat().st_size:
            return
        status, now = self.path.stat(), datetime.now(UTC)
        is_old = datetime.fromtimestamp(status.st_mtime, UTC).date() != now.date()
        if is_old or status.st_size + coming > self._limit or not self._has_header():
            self.path.replace(self._free_name(now))
            sync_folder(self.path.parent)

    def _has_header(self) -> bool:
        """Whether the file begins with this header; files of an earlier version have fewer columns."""
        if self._header and not self._is_checked:
            with self.path.open("rb") as file:
                self._is_checked = file.readline().rstrip(b"\r\n") == self._header.encode()
            return self._is_checked
        return True

    def _free_name(self, now: datetime) -> Path:
        stem = f"{self.path.stem}-{now:%Y%m%dT%H%M%S}"
        path = self.path.with_name(stem + self.path.suffix)
        number = 1
        while path.exists():
            number += 1
            path = self.path.with_name(f"{stem}.{number:04d}{self.path.suffix}")
        return path


def _tail_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        return file.read(TAIL)


def _tail(path: Path) -> str:
    return _tail_bytes(path).decode("utf-8", "replace")
