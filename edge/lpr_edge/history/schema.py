"""Schema of the history's SQLite file: its tables and version, and how the file is opened."""

import sqlite3
from pathlib import Path

from lpr_edge.base.log import log_info
from lpr_edge.base.private_files import make_private_folder, open_private
from lpr_edge.contract.base.errors import LprError

FILE = "history.db"
SCHEMA_VERSION = 3
"""Increased for each change; `MIGRATIONS` has the way from each earlier version."""
APPLICATION_ID = 0x6C707268
"""`lprh`, by which the file is known as a history."""
SCHEMA = """
CREATE TABLE events (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stored REAL NOT NULL, key TEXT NOT NULL,
    corrected_key TEXT, pictures INTEGER NOT NULL DEFAULT 0, record TEXT NOT NULL);
CREATE INDEX events_stored ON events (stored);
CREATE INDEX events_pictured ON events (number, pictures) WHERE pictures > 0;
CREATE TABLE corrections (
    correction INTEGER PRIMARY KEY, number INTEGER NOT NULL REFERENCES events ON DELETE CASCADE, text TEXT NOT NULL,
    latin TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX corrections_number ON corrections (number);
CREATE TABLE signs (code INTEGER PRIMARY KEY, sign TEXT NOT NULL UNIQUE);
CREATE TABLE facets (facet INTEGER PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (kind, value));
CREATE TABLE clock (believed REAL NOT NULL);
CREATE VIRTUAL TABLE pieces USING fts5 (tokens, content = '', detail = none, columnsize = 0);
"""
MIGRATIONS: dict[int, str] = {
    1: """
ALTER TABLE events ADD COLUMN record TEXT NOT NULL DEFAULT '';
UPDATE events SET record = (SELECT record FROM records WHERE records.number = events.number);
DROP TABLE records;
""",
    2: """
CREATE TEMP TABLE ways AS
    SELECT number, json_extract(record, '$.direction') || ' ' || json_extract(record, '$.source') AS value
    FROM events WHERE json_valid(record)
    AND json_type(record, '$.direction') = 'text' AND json_extract(record, '$.direction') <> ''
    AND json_type(record, '$.source') = 'text' AND json_extract(record, '$.source') <> '';
INSERT INTO facets (kind, value) SELECT DISTINCT 'way', value FROM ways;
INSERT INTO pieces (rowid, tokens)
    SELECT number, char(12549) || facet FROM ways JOIN facets USING (value) WHERE kind = 'way' ORDER BY number;
DROP TABLE ways;
""",
}
"""Version -> SQL that makes the next one of it.

In version 1 an event's record was in a table of its own. Version 2 had no facets of kind `WAY`; their tokens are
added to the index, which takes further tokens of a number as it takes a row.
"""
BUSY_S = 5.0
"""Seconds for which another process may write."""
CACHE_KIB = 2048


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the file for writing; create or upgrade it if necessary.

    Raises:
        LprError: it can't be made, is no history, or is a newer lpr's.
        sqlite3.DatabaseError: it is damaged.
    """
    try:
        make_private_folder(path.parent)
        open(path, "ab", opener=open_private).close()  # `Path.open` takes no opener
    except OSError as error:
        raise LprError(
            f"can't make the history {path} ({error.strerror}): give --history-folder another folder"
        ) from error
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection)
        _upgrade(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the file read-only, from any thread, without blocking a process that writes.

    Raises:
        LprError: there is none, or it is no history that this lpr can read.
    """
    if not path.exists():
        raise LprError(f"no history at {path}: keep one with --history 30d, or name its folder with --history-folder")
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            if _version(connection, path) < SCHEMA_VERSION:
                raise LprError(f"the history {path} is of an earlier lpr: start lpr-edge --history, which upgrades it")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise LprError(
            f"can't read the history {path} ({error}): start lpr-edge --history, which repairs it"
        ) from error
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a deleted plate can't be read from the file any more


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path)
        if 0 < version < SCHEMA_VERSION:
            log_info(f"upgrading the history {path}, which takes a minute or more for a million events")
        for statements in _missing_steps(version):
            for statement in statements.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError) and "fts5" in str(error):
            raise LprError(
                "this Python's SQLite has no FTS5, which the history's search needs: use Debian's python3"
            ) from error
        raise
    if version == 0 and sqlite3.sqlite_version_info >= (3, 42):
        connection.execute("INSERT INTO pieces (pieces, rank) VALUES ('secure-delete', 1)")


def _missing_steps(version: int) -> list[str]:
    return [SCHEMA] if version == 0 else [MIGRATIONS[step] for step in range(version, SCHEMA_VERSION)]


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Version of the schema; 0 for an empty file.

    Raises:
        LprError: the file is another program's, or a newer lpr's.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    own = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    if not own and connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
        raise LprError(f"{path} is no history of lpr: give --history-folder another folder")
    if version > SCHEMA_VERSION:
        raise LprError(
            f"{path} was written by a newer lpr (format {version}): upgrade lpr, or give --history-folder another"
        )
    return version if own else 0
