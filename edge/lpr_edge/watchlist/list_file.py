"""Edit a watch list cell by cell; what can't be used as a list is never written."""

import csv
import hashlib
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import MAX_BYTES, read_bytes, read_text
from lpr_edge.contract.whole_files import write_whole
from lpr_edge.watchlist.watch_list import WatchList, split_dialect

LINE = re.compile(r"line (\d+)")
MARK = b"\xef\xbb\xbf"
"""By which Excel knows UTF-8."""

Rows = Sequence[Sequence[str]]


class ListError(LprError):
    """A row is invalid."""

    def __init__(self, text: str, row: int | None) -> None:
        super().__init__(text)
        self.row = row
        """Which, from 0, where it is known."""


class StaleError(LprError):
    """The file has changed since it was read."""


@dataclass(frozen=True)
class ListTable:
    """A list's cells."""

    columns: tuple[str, ...]
    """As the header writes them; those that lpr doesn't know are kept."""
    rows: tuple[tuple[str, ...], ...]
    """Each with a cell for each column."""
    stamp: str
    """Of the file that they were read from."""


@dataclass(frozen=True)
class ListChange:
    """Differences from the previous list."""

    added: tuple[tuple[str, ...], ...]
    removed: tuple[tuple[str, ...], ...]
    odd: tuple[int, ...]
    """Rows whose plate the grammar doesn't know."""


class ListFile:
    """The file of a watch list; thread-safe."""

    def __init__(self, path: Path, read: Callable[[Path], WatchList]) -> None:
        """Use an existing file.

        Args:
            path: its file; where that is a link, the file that it leads to is written.
            read: reads a list as the device does, and refuses one that it can't use.
        """
        self.path = path.resolve()
        self._read_list = read
        self._lock = Lock()

    @property
    def is_writable(self) -> bool:
        """Whether this process may replace the file."""
        return os.access(self.path.parent, os.W_OK) and os.access(self.path, os.W_OK)

    def read(self) -> ListTable:
        """Read the file's cells.

        Raises:
            LprError: it can't be read.
        """
        try:
            stamp = hashlib.sha256(read_bytes(self.path, MAX_BYTES)).hexdigest()
            text, delimiter, _ = split_dialect(read_text(self.path))
        except OSError as error:
            raise LprError(f"the list {self.path} can't be read: {error.strerror}") from error
        try:
            columns, *rows = [
                row for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if any(row)
            ]
        except (csv.Error, ValueError) as error:
            raise LprError(f"the list {self.path} can't be read as CSV: write it again in an editor") from error
        width = len(columns)
        cells = tuple(tuple(map(_in_one_line, [*row, *[""] * width][:width])) for row in rows)
        return ListTable(tuple(name.strip() for name in columns), cells, stamp)

    def write(self, rows: Rows, stamp: str, before: Callable[[ListChange], object]) -> ListChange:
        """Replace the rows of the file, completely or not at all; rows without any text are left out.

        Args:
            rows: as wide as the columns that `read` gave.
            stamp: of the table that was edited.
            before: gets what changes before the file does; where it raises, nothing is changed.

        Raises:
            StaleError: the file has changed meanwhile.
            ListError: a row can't be used.
            LprError: the file can't be written.
        """
        with self._lock:
            now = self.read()
            if now.stamp != stamp:
                raise StaleError("the list was changed meanwhile: load it again, and repeat your change")
            if any(len(row) != len(now.columns) for row in rows):
                raise ListError("each row must have a cell for each column", None)
            cells = tuple(tuple(map(_in_one_line, row)) for row in rows)
            data = self._encode(now.columns, cells)
            odd = tuple(self._check(data, cells))
            change = ListChange(_beyond(cells, now.rows), _beyond(now.rows, cells), odd)
            if change.added or change.removed:
                before(change)
                self._replace(data)
            return change

    def _encode(self, columns: Sequence[str], rows: Rows) -> bytes:
        """Encode the rows with the file's own delimiter, first line and byte order mark."""
        _, delimiter, skipped = split_dialect(read_text(self.path))
        stream = io.StringIO(f"sep={delimiter}\n" if skipped else "")
        stream.seek(0, io.SEEK_END)
        csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows([columns, *filter(any, rows)])
        has_mark = read_bytes(self.path, MAX_BYTES).startswith((b"\xff\xfe", b"\xfe\xff", MARK))
        return (MARK if has_mark else b"") + stream.getvalue().encode()

    def _check(self, data: bytes, rows: Rows) -> Iterator[int]:
        """Parse the new list as the device will; returns the rows whose plate the grammar doesn't allow.

        Raises:
            ListError: it can't be used.
        """
        numbers = [number for number, row in enumerate(rows) if any(row)]
        first = 3 if data.removeprefix(MARK).startswith(b"sep=") else 2
        with TemporaryDirectory() as folder:
            path = Path(folder) / self.path.name
            path.write_bytes(data)
            try:
                found = self._read_list(path)
            except LprError as error:
                text = str(error).replace(str(path), self.path.name)
                line = LINE.search(text)
                place = int(line[1]) - first if line else -1
                raise ListError(text, numbers[place] if 0 <= place < len(numbers) else None) from error
        yield from (numbers[line - first] for line in found.odd)

    def _replace(self, data: bytes) -> None:
        try:
            write_whole(self.path, data, self.path.stat().st_mode & 0o777)
        except OSError as error:
            raise LprError(
                f"the list {self.path} can't be written ({error.strerror}): give its folder to this user"
            ) from error


def _in_one_line(cell: str) -> str:
    """Replace line feeds in a cell: a plate's rows are separated by a slash instead."""
    return " | ".join(part.strip() for part in cell.splitlines() if part.strip())


def _beyond(rows: Rows, others: Rows) -> tuple[tuple[str, ...], ...]:
    """Rows that the other list doesn't have, or has less often."""
    return tuple((Counter(map(tuple, filter(any, rows))) - Counter(map(tuple, others))).elements())
