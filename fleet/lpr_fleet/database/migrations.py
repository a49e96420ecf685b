"""The tables, made and brought up to date: one SQL file for each version."""

from importlib import resources
from typing import Any

from lpr_edge.contract.base.errors import LprError

LOCK = 0x6C7072
"""PostgreSQL's advisory lock of lpr: who changes tables or partitions holds it."""


def migrations() -> list[str]:
    """The SQL of each version, from 1 on."""
    files = resources.files("lpr_fleet.database") / "sql"
    return [file.read_text(encoding="utf-8") for file in sorted(files.iterdir(), key=lambda file: file.name)]


def migrate(connection: Any) -> tuple[int, int]:
    """Bring the tables to this lpr's version, in one transaction.

    Args:
        connection: of psycopg.

    Returns:
        The version before, 0 for an empty database, and now.

    Raises:
        LprError: a newer lpr made them, or the database can't index other scripts than Latin.
    """
    steps = migrations()
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        connection.execute("SET LOCAL statement_timeout = 0")  # an index of a full table takes minutes
        connection.execute("CREATE TABLE IF NOT EXISTS lpr_schema (version integer NOT NULL)")
        found = connection.execute("SELECT coalesce(max(version), 0) FROM lpr_schema").fetchone()[0]
        if found > len(steps):
            raise LprError(f"the tables are of version {found}, and this lpr knows {len(steps)}: install a newer lpr")
        for step in steps[found:]:
            connection.execute(step)
        connection.execute("DELETE FROM lpr_schema")
        connection.execute("INSERT INTO lpr_schema VALUES (%s)", (len(steps),))
        _require_letters(connection)
    return found, len(steps)


def require_current(connection: Any) -> None:
    """Whether the tables are there, in this lpr's version.

    Raises:
        LprError: they aren't.
    """
    there = connection.execute("SELECT to_regclass('lpr_schema')").fetchone()[0]
    found = connection.execute("SELECT max(version) FROM lpr_schema").fetchone()[0] if there else 0
    if found != len(migrations()):
        raise LprError(f"the tables are of version {found}, and {len(migrations())} is needed: run lpr-fleet schema")


def _require_letters(connection: Any) -> None:
    """Whether trigrams keep letters beyond ASCII, which depends on the database's locale."""
    if not connection.execute("SELECT show_trgm('\u4e00\u4e01\u4e02')").fetchone()[0]:
        locale = connection.execute("SELECT datctype FROM pg_database WHERE datname = current_database()").fetchone()[0]
        raise LprError(
            f"the database's locale {locale} knows no letters beyond ASCII, so plates can't be searched: "
            "make it by createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8 lpr"
        )
