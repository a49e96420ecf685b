"""The outbox's SQLite file: private, locked, checked when opened, and replaced when damaged or missing.

WAL mode with full synchronisation: committed data survive a killed process and a power failure.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lpr_edge.base.log import log_info, warn
from lpr_edge.base.private_files import make_private_folder, open_private, sync_folder
from lpr_edge.base.sqlite_files import file_identity, is_damage, open_read_only, rename_damaged
from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.salvage import LAST, carry_over

SCHEMA_VERSION = 1
"""Increased only for incompatible changes: an older lpr ignores tables that it doesn't know."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, stored REAL NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_stored ON events (stored);
CREATE TABLE IF NOT EXISTS pictures (
    number INTEGER NOT NULL REFERENCES events ON DELETE CASCADE, name TEXT NOT NULL, jpeg BLOB NOT NULL,
    PRIMARY KEY (number, name));
CREATE TABLE IF NOT EXISTS deliveries (sink TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS beginnings (sink TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS damaged (
    number INTEGER PRIMARY KEY REFERENCES events ON DELETE CASCADE, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused (
    number INTEGER NOT NULL REFERENCES events ON DELETE CASCADE, sink TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (number, sink));
CREATE TABLE IF NOT EXISTS replays (
    number INTEGER NOT NULL REFERENCES events ON DELETE CASCADE, sink TEXT NOT NULL, PRIMARY KEY (number, sink));
CREATE TABLE IF NOT EXISTS clock (believed REAL NOT NULL);
"""
CACHE_KIB = 512
"""Page cache; SQLite's default would fill up with pages that are never read again."""
BUSY_S = 0.5
"""Seconds for which another program may lock the file before a write fails; frames wait meanwhile."""


class StoreFile:
    """The open file, with a lock that reserves it for this process."""

    def __init__(self, path: Path, claim: int, connection: sqlite3.Connection) -> None:
        """Wrap what `open_store` has opened.

        Args:
            path: as given by the user; may be a symbolic link.
            claim: a locked file handle.
            connection: connection to the same file.
        """
        self.path = path
        self.connection = connection
        self.is_open = True
        self._claim = claim
        self._logs = {log: file_identity(log) for log in _logs(path)}

    def is_in_place(self) -> bool:
        """Whether the path still leads to this file; True if the folder can't be read."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._claim))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True

    def leave_names(self) -> None:
        """Remove this file's log files by name: a new database of that name would use them."""
        for log, identity in self._logs.items():
            if identity is not None and file_identity(log) == identity:
                log.unlink()

    def close(self) -> None:
        """Close the file; the lock last, since closing any handle of a file releases SQLite's own locks."""
        os.close(self.give_up())

    def give_up(self) -> int:
        """Close the file but keep its lock; returns the lock's handle."""
        self.connection.close()
        self.is_open = False
        return self._claim


def open_store(path: Path, sinks: Iterable[str]) -> StoreFile:
    """Open or create the file; a damaged one is renamed, and its readable events are copied.

    Raises:
        LprError: the file can't be opened, isn't an outbox, or is in use by another lpr-edge.
    """
    claim = _claim(path)
    try:
        return StoreFile(path, claim, _connect(path, sinks))
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if isinstance(error, sqlite3.OperationalError) and not is_damage(error):
            os.close(claim)
            raise LprError(f"can't open the outbox {path} ({error}): give --store another file") from error
        return _replace_file(path, claim, sinks, "is damaged")
    except BaseException:
        os.close(claim)
        raise


def replace_damaged(file: StoreFile, sinks: Iterable[str]) -> StoreFile:
    """Rename a file that was damaged in use, and create a new one with its readable events.

    Raises:
        LprError: a new one can't be made.
    """
    return _replace_file(file.path, file.give_up(), sinks, "was damaged")


def replace_missing(file: StoreFile, sinks: Iterable[str], done: int) -> StoreFile:
    """Create a new file if the one in use was removed, moved or replaced, with its undelivered events.

    Args:
        file: the file in use, readable while open; unchanged if a new one can't be created.
        sinks: see `open_store`.
        done: number of the last event that all sinks have.

    Raises:
        LprError: a new one can't be made.
        sqlite3.Error: the disk fails.
    """
    with suppress(sqlite3.Error):  # the moved file is then whole without its log
        file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    file.leave_names()
    new = open_store(file.path, sinks)
    try:
        count = carry_over(file.connection, new.connection, done)
    except BaseException:
        new.close()
        raise
    file.close()
    warn(
        f"the outbox {file.path} was removed, moved or replaced while it was used: a new one is begun with the"
        f" {count} events that a sink hadn't had"
    )
    return new


def _claim(path: Path) -> int:
    """Lock the file for this process under any of its names: two would deliver every event twice."""
    try:
        make_private_folder(path.parent)
        is_new = not path.exists()
        claim = open_private(path, os.O_RDWR | os.O_CREAT)
        if is_new:
            sync_folder(path.resolve().parent)
    except OSError as error:
        raise LprError(f"can't make the outbox {path} ({error.strerror}): give --store another file") from error
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(claim)
        raise LprError(f"another lpr-edge uses {path}: give each its own with --store FILE") from error
    except OSError as error:
        os.close(claim)
        raise LprError(
            f"can't lock the outbox {path} ({error.strerror}): give --store a file on a local disk"
        ) from error
    return claim


def _connect(path: Path, sinks: Iterable[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
        _enter(connection, path, sinks)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    # SQLite's own 1000 pages let the log of a nearly full disk take what room was made for it, and then go no further.
    connection.execute("PRAGMA wal_autocheckpoint = 100").fetchone()
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a deleted plate can't be read from the file any more
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise LprError(
            f"{path} was written by a newer lpr (format {version}): upgrade lpr, or give --store another file"
        )
    if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("quick_check")
    connection.executescript(SCHEMA)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _enter(connection: sqlite3.Connection, path: Path, sinks: Iterable[str]) -> None:
    """Let new sinks start with the next event, and report which stored events they don't get."""
    known = {row[0] for row in connection.execute("SELECT sink FROM deliveries")}
    stored = connection.execute("SELECT COUNT(*) FROM events").fetchone()[0]
    for sink in sinks:
        if sink in known:
            continue
        for table in ("deliveries", "beginnings"):
            connection.execute(f"INSERT OR REPLACE INTO {table} SELECT ?, ({LAST})", (sink,))
        if stored:
            log_info(
                f"{sink} is new to {path} and begins with the next event: --replay sends it the {stored} stored there"
            )


def _replace_file(path: Path, claim: int, sinks: Iterable[str], trouble: str) -> StoreFile:
    try:
        aside = rename_damaged(path)
    finally:
        os.close(claim)
    new = open_store(path, sinks)
    warn(f"{path} {trouble}: it is kept as {aside}, and a new one begun with {_salvage(aside, new)} events out of it")
    return new


def _salvage(aside: Path, new: StoreFile) -> int:
    try:
        source = open_read_only(aside)
    except sqlite3.Error:
        return 0
    try:
        source.execute("PRAGMA writable_schema = ON")  # else a file that was cut short can't be read at all
        return carry_over(source, new.connection, 0)
    except sqlite3.Error as error:
        warn(f"the events in {aside} can't be taken over ({error}): look at the disk")
        return 0
    finally:
        source.close()
        for log in _logs(aside) if not _size(_logs(aside)[0]) else ():  # made by reading, not by who used the file
            log.unlink(missing_ok=True)


def _logs(path: Path) -> tuple[Path, ...]:
    return tuple(Path(f"{path.resolve()}{suffix}") for suffix in ("-wal", "-shm"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
