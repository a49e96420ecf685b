"""The libraries of the extra `fleet`, imported where they are used."""

from typing import Any

from lpr_edge.contract.base.errors import needing_extra


def load_psycopg() -> Any:
    """The PostgreSQL driver.

    Raises:
        LprError: it isn't installed.
    """
    with needing_extra("lpr-fleet", "the PostgreSQL driver psycopg", "fleet"):
        import psycopg
    return psycopg


def load_pika() -> Any:
    """The AMQP client.

    Raises:
        LprError: it isn't installed.
    """
    with needing_extra("lpr-fleet", "the AMQP client pika", "fleet"):
        import pika
    return pika
