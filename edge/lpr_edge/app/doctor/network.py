"""What events are sent to."""

import socket
import ssl
from threading import Event
from typing import Any

from lpr_edge.app.doctor.finding import Finding, State, fine
from lpr_edge.base.config import Config
from lpr_edge.contract.errors import LprError
from lpr_edge.delivery.sinks.mqtt import PORTS, load_paho, parse_broker, tls_context
from lpr_edge.delivery.sinks.webhook import parse_webhook

TIMEOUT_S = 5.0


def check_broker(config: Config) -> Finding:
    """Whether the broker takes this device's login."""
    try:
        reason = _ask_broker(config)
    except (LprError, OSError, ValueError) as error:
        reason = str(error)
    if not reason:
        return fine("broker", "connected")
    remedy = (
        "check --mqtt, --mqtt-password and --mqtt-ca, and that the broker runs; events wait in the outbox meanwhile"
    )
    return Finding("broker", State.REPAIR, reason, remedy)


def _ask_broker(config: Config) -> str:
    """Why the broker isn't to be had; empty where it is."""
    mqtt, address, answers, answered = load_paho(), parse_broker(config.mqtt), [], Event()

    def on_connect(_client: Any, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        answers.append(f"the broker says: {reason}" if reason.is_failure else "")
        answered.set()

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)  # an id of its own: the service's would be cut off
    if address.username:
        client.username_pw_set(address.username, config.mqtt_password or address.password or None)
    if address.scheme == "mqtts":
        client.tls_set_context(tls_context(config.mqtt_ca))
    client.on_connect = on_connect
    client.connect_timeout = TIMEOUT_S
    client.connect(address.host, address.port or PORTS[address.scheme])
    client.loop_start()
    answered.wait(TIMEOUT_S)
    client.disconnect()
    client.loop_stop()
    return answers[0] if answers else f"no answer in {TIMEOUT_S:g} s"


def check_webhook(url: str) -> Finding:
    """Whether there is a server at the address; nothing is sent to it."""
    try:
        address = parse_webhook(url)
        secure = address.scheme == "https"
        place = (address.host, address.port or (443 if secure else 80))
        with socket.create_connection(place, TIMEOUT_S) as connection:
            if secure:
                ssl.create_default_context().wrap_socket(connection, server_hostname=place[0]).close()
    except (LprError, OSError, ssl.SSLError) as error:
        remedy = "check --webhook, the network, and that the server runs; events wait in the outbox meanwhile"
        return Finding("webhook", State.REPAIR, str(error), remedy)
    return fine("webhook", f"{place[0]} answers")
