"""Opens connections to PostgreSQL."""

from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_fleet.base.extras import load_psycopg
from lpr_fleet.base.settings import FleetSettings

OPTIONS = "-c statement_timeout=60000 -c lock_timeout=20000 -c idle_in_transaction_session_timeout=60000 -c jit=off"
"""A server that hangs is one that is away; milliseconds. Compiling a search's plan takes longer than the search."""
WRONG = ("28", "3D")
"""Classes of SQLSTATE that a person must fix: a wrong login, and a missing database."""


def connect(settings: FleetSettings) -> Any:
    """A connection that commits each statement outside `transaction()`.

    Raises:
        LprError: the server refuses login or database.
        psycopg.OperationalError: it can't be reached.
    """
    psycopg = load_psycopg()
    try:
        return psycopg.connect(
            settings.database.text,
            **({"password": settings.database_password} if settings.database_password else {}),
            autocommit=True,
            connect_timeout=10,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=30_000,
            application_name="lpr-fleet",
            options=OPTIONS,
        )
    except psycopg.OperationalError as error:
        if (error.sqlstate or "")[:2] in WRONG:
            raise LprError(f"{settings.database} refuses: {error}. Check user, password and name") from error
        raise


def connect_now(settings: FleetSettings) -> Any:
    """Connect once, for commands that don't wait for a server.

    Raises:
        LprError: there is no connection.
    """
    try:
        return connect(settings)
    except load_psycopg().OperationalError as error:
        reason = str(error).splitlines()[0]
        raise LprError(f"no connection to {settings.database} ({reason}): is PostgreSQL running?") from error
