"""How a client comes to a broker: address, login, client id, TLS."""

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from lpr_edge.base.board import machine_identity
from lpr_edge.contract.base.errors import LprError, needing_extra
from lpr_edge.contract.base.url import Url

PORTS = {"mqtt": 1883, "mqtts": 8883}
LONGEST_ID = 19
"""Maximum length of a client id after `lpr-`: MQTT 3.1.1 guarantees 23 characters."""


class BrokerUrl(Url):
    """Where a broker is: `mqtt://user@host:port`, or `mqtts://...` for TLS."""

    schemes = tuple(PORTS)
    example = "mqtt://user@broker:1883 or mqtts://broker"

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or PORTS[self.scheme]


@dataclass(frozen=True)
class Login:
    """Address and credentials of a broker."""

    address: BrokerUrl
    password: str = ""
    certificate: Path | None = None
    """PEM file of the authority that signed the broker's certificate; None for the system's."""


def client_identity(outbox: Path) -> str:
    """A client id that is unique among processes and machines, and stays the same over restarts.

    As it stays, a broker ends the old connection of a device that has come back, and sends its last will, before the
    new one says that it is online.

    Args:
        outbox: its file, which only one process at a time uses.
    """
    own = f"{machine_identity()}\n{outbox.resolve()}".encode("utf-8", "surrogateescape")
    return f"lpr-{hashlib.sha256(own).hexdigest()[:LONGEST_ID]}"


def new_identity() -> str:
    """A client id that no other process has."""
    return f"lpr-{uuid4().hex[:LONGEST_ID]}"


def new_client(mqtt: Any, login: Login, version: int, client_id: str = "") -> Any:
    """Create a client with its login, not connected yet.

    Raises:
        LprError: address or certificate can't be used.
    """
    address = login.address
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version)
    if address.username:
        client.username_pw_set(address.username, login.password or address.password or None)
    if address.scheme == "mqtts":
        client.tls_set_context(tls_context(login.certificate))
    return client


def load_paho() -> Any:
    """Import paho-mqtt, which is an extra.

    Raises:
        LprError: it isn't installed.
    """
    with needing_extra("--mqtt", "paho-mqtt", "mqtt"):
        from paho.mqtt import client
    return client


def tls_context(certificate: Path | None) -> ssl.SSLContext:
    """Create the TLS context that checks the broker's certificate.

    Raises:
        LprError: the file holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=certificate)
    except (OSError, ssl.SSLError) as error:
        raise LprError(f"`mqtt_ca` {certificate} is no certificate that can be read: give a PEM file") from error
