"""SQLite files: one transaction, damage, and what can still be read of a damaged file."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from lpr_edge.contract.whole_files import sync_folder

T = TypeVar("T")

DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)


def is_damage(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Whether an error means that the file's contents are damaged.

    A file cut to nothing is a database without tables; where one's name is overwritten, SQLite's message is no text.
    """
    if isinstance(error, UnicodeDecodeError):
        return True
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in DAMAGE or str(error).startswith("no such table")


def run_transaction(connection: sqlite3.Connection, work: Callable[[], T]) -> T:
    """Run a function in one transaction, which is rolled back if the function raises; returns its result.

    Args:
        connection: opened with `isolation_level=None`.
        work: reads and writes through that connection.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work()
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a file that may be damaged, to read what is left.

    Raises:
        sqlite3.Error: it can't be opened.
    """
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def readable_rows(source: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query up to the first unreadable one."""
    with suppress(sqlite3.Error, UnicodeDecodeError):
        yield from source.execute(query)


def file_identity(path: Path) -> tuple[int, int] | None:
    """Device and number of a file, which a new file of the same name doesn't share; None if it can't be had."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def rename_damaged(path: Path) -> Path:
    """Rename a damaged file and its log, so that they can be examined; returns the new path."""
    real = path.resolve()
    stem = f"{real}.damaged-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    names = (Path(stem if number == 1 else f"{stem}.{number}") for number in range(1, 1_000_000))
    aside = next(name for name in names if not name.exists())
    for suffix in ("-wal", "-shm", ""):
        part = Path(f"{real}{suffix}")
        if part.exists():
            part.replace(f"{aside}{suffix}")
    sync_folder(real.parent)
    return aside
