"""Settings of the centre: flags, and the same keys from the environment as `LPR_FLEET_…`."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from lpr_edge.contract.base.units import TextValue, require_setting, require_text
from lpr_edge.contract.base.url import Url, redact
from lpr_edge.contract.settings.fields import SECRET
from lpr_edge.contract.settings.flags import add_flags, with_flags
from lpr_edge.contract.settings.values import check_texts

PREFIX = "LPR_FLEET_"


class AmqpUrl(Url):
    """Where RabbitMQ is; the path is the virtual host."""

    schemes = ("amqp", "amqps")
    example = "amqp://user@localhost:5672"

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (5671 if self.scheme == "amqps" else 5672)


@dataclass(frozen=True)
class DatabaseUrl(TextValue):
    """A URL as PostgreSQL's own library reads it: it may name no host, or several."""

    text: str = field(repr=False)

    @classmethod
    def parse(cls, text: str, key: str) -> Self:
        """See `TextValue`."""
        is_url = text.startswith(("postgresql://", "postgres://"))
        require_text(is_url, key, redact(text), "a URL such as postgresql://user@host:5432/database")
        return cls(text)

    def __str__(self) -> str:
        return redact(self.text)

    def written(self) -> str:
        """See `TextValue`."""
        return self.text


LOCAL_BROKER = AmqpUrl.parse("amqp://guest@localhost:5672", "broker")
LOCAL_DATABASE = DatabaseUrl("postgresql:///lpr")


@dataclass(frozen=True)
class FleetSettings:
    """Where broker and database are, and how the events get from one to the other."""

    broker: AmqpUrl = LOCAL_BROKER
    """RabbitMQ: amqp://user@host:5672/vhost, or amqps:// for TLS"""
    broker_password: str = field(default="guest", metadata=SECRET)
    """of that user; better as LPR_FLEET_BROKER_PASSWORD, which no process list shows"""
    database: DatabaseUrl = LOCAL_DATABASE
    """PostgreSQL: postgresql://user@host:5432/database; without a host, this machine's socket"""
    database_password: str = field(default="", metadata=SECRET)
    """of that user; better as LPR_FLEET_DATABASE_PASSWORD, or in ~/.pgpass"""
    topic: str = "lpr"
    """what the devices' topics begin with (lpr-edge --mqtt-topic)"""
    country: str = "nepal"
    """country whose signs the search knows"""
    batch: int = 200
    """most events of one transaction"""
    batch_ms: int = 200
    """milliseconds until a smaller batch is stored, too"""
    prefetch: int = 1000
    """events that the broker sends ahead of their acknowledgement: a slow database slows the broker"""

    def __post_init__(self) -> None:
        """Refuse what can't work."""
        require_setting(1 <= self.batch <= 5000, "batch", self.batch, "from 1 to 5000")
        require_setting(self.batch_ms >= 0, "batch_ms", self.batch_ms, "0 or more")
        require_setting(
            self.batch <= self.prefetch <= 65_535, "prefetch", self.prefetch, f"from `batch` ({self.batch}) to 65535"
        )


def add_fleet_flags(parser: argparse.ArgumentParser, *names: str) -> None:
    """The flags of some settings, and no others."""
    add_flags(parser, FleetSettings, names)


def read_settings(flags: argparse.Namespace, environment: Mapping[str, str] | None = None) -> FleetSettings:
    """The settings: defaults, then the environment, then flags.

    Raises:
        LprError: a key is unknown, or a value can't be used.
    """
    environment = os.environ if environment is None else environment
    texts = {name: text for name, text in environment.items() if name.startswith(PREFIX)}
    settings = replace(FleetSettings(), **check_texts(FleetSettings, texts, "environment", PREFIX))
    return with_flags(settings, flags)
