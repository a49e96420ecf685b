"""The libraries of the extra `fleet`, imported where they are used."""

from typing import Any

from lpr_edge.contract.base.errors import LprError

INSTALL = "pip install 'lpr[fleet]'"


def load_psycopg() -> Any:
    """The PostgreSQL driver.

    Raises:
        LprError: it isn't installed.
    """
    try:
        import psycopg
    except ImportError as error:
        raise LprError(f"the PostgreSQL driver psycopg can't be loaded ({error}): {INSTALL}") from error
    return psycopg


def load_pika() -> Any:
    """The AMQP client.

    Raises:
        LprError: it isn't installed.
    """
    try:
        import pika
    except ImportError as error:
        raise LprError(f"the AMQP client pika can't be loaded ({error}): {INSTALL}") from error
    return pika
