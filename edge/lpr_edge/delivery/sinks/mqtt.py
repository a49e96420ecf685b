"""Events to an MQTT broker: `lpr/<device>/event`; `status` and `metrics` beside it tell how the device does."""

import json
import ssl
from pathlib import Path
from typing import Any

from lpr_edge import __version__
from lpr_edge.base.log import warn
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.url import Url, parse_url
from lpr_edge.delivery.sink import DeliveryError, Parcel
from lpr_edge.delivery.sinks.home_assistant import discovery_messages
from lpr_edge.tracking.event_record import SCHEMA, Record

TIMEOUT_S = 10.0
"""For the broker's word that it has a message."""
KEEPALIVE_S = 30
"""After one and a half times as long without a sign, the broker sends the last will."""
PORTS = {"mqtt": 1883, "mqtts": 8883}


class Mqtt:
    """`--mqtt`: every event once more than never (QoS 1), status retained, offline by last will."""

    name = "mqtt"
    wants_pictures = False

    def __init__(
        self,
        url: str,
        device: str,
        password: str = "",
        certificate: Path | None = None,
        topic: str = "lpr",
        discovery: bool = True,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Connect, now or when the broker is there.

        Args:
            url: `mqtt://user@host:port`, or `mqtts://...` for TLS.
            device: this device's name in topics.
            password: of the user.
            certificate: PEM file of the authority that signed the broker's certificate; None for the system's.
            topic: what topics begin with.
            discovery: whether Home Assistant is told about the device.
            timeout_s: see TIMEOUT_S.

        Raises:
            LprError: paho-mqtt isn't installed, or address or certificate can't be used.
        """
        self._base = f"{topic}/{device}"
        self._device, self._topic, self._discovery = device, topic, discovery
        self._timeout_s = timeout_s
        self._reason = "no connection to the broker"
        self._under_way: tuple[str, Any] | None = None
        self._client = self._connect(url, password, certificate)

    def deliver(self, parcel: Parcel) -> None:
        """Publish an event and wait for the broker's word; a try that was cut off is waited for, not sent again."""
        event_id = parcel.record["id"]
        if self._under_way is None or self._under_way[0] != event_id:
            if not self._client.is_connected():
                raise DeliveryError(self._reason)
            payload = json.dumps(parcel.record, ensure_ascii=False)
            self._under_way = event_id, self._client.publish(f"{self._base}/event", payload, qos=1)
        message = self._under_way[1]
        try:
            message.wait_for_publish(self._timeout_s)
        except (RuntimeError, ValueError):  # paho won't send it at all
            self._under_way = None
            raise DeliveryError(self._reason) from None
        if not message.is_published():
            raise DeliveryError(self._reason if not self._client.is_connected() else "the broker doesn't confirm")
        self._under_way = None

    def tell_metrics(self, metrics: Record) -> None:
        """Publish how the device does, at `lpr/<device>/metrics`: at most once, and not later where nobody hears it."""
        if self._client.is_connected():
            self._client.publish(f"{self._base}/metrics", json.dumps(metrics, ensure_ascii=False), qos=0)

    def tell_match(self, record: Record) -> None:
        """Publish at once that a listed plate is there, or not at all: a gate must not open for what is long gone.

        QoS 0, not retained; the event itself still goes the sure way.
        """
        if not self._client.is_connected():
            warn(f"no match message for event {record['id']}: {self._reason}")
            return
        message = {"id": record["id"], "last_seen": record["last_seen"], "text": record["text"]} | record["matched"]
        self._client.publish(f"{self._base}/match", json.dumps(message, ensure_ascii=False), qos=0)

    def close(self) -> None:
        """Say that the device goes, and disconnect."""
        if self._client.is_connected():
            message = self._client.publish(f"{self._base}/status", _status("offline"), qos=1, retain=True)
            message.wait_for_publish(0.5)
        self._client.disconnect()
        self._client.loop_stop()

    def _connect(self, url: str, password: str, certificate: Path | None) -> Any:
        mqtt = load_paho()
        address = parse_broker(url)
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"lpr-{self._device}")
        client.will_set(f"{self._base}/status", _status("offline"), qos=1, retain=True)
        if address.username:
            client.username_pw_set(address.username, password or address.password or None)
        if address.scheme == "mqtts":
            client.tls_set_context(tls_context(certificate))
        client.on_connect, client.on_connect_fail = self._on_connect, self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.reconnect_delay_set(1, 30)
        client.connect_async(address.host, address.port or PORTS[address.scheme], KEEPALIVE_S)
        client.loop_start()
        return client

    def _on_connect(self, client: Any, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if reason.is_failure:
            self._reason = f"the broker says: {reason}"
            return
        self._reason = "the broker doesn't answer"
        client.publish(f"{self._base}/status", _status("online"), qos=1, retain=True)
        if self._discovery:
            for topic, payload in discovery_messages(self._device, self._topic).items():
                client.publish(topic, payload, qos=1, retain=True)

    def _on_connect_fail(self, *_: object) -> None:
        self._reason = "no connection to the broker"

    def _on_disconnect(self, _client: Any, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if "the broker says" not in self._reason:
            self._reason = f"the broker is gone ({reason})"


def load_paho() -> Any:
    """paho-mqtt, which an extra brings.

    Raises:
        LprError: it isn't installed.
    """
    try:
        from paho.mqtt import client
    except ImportError as error:
        raise LprError("--mqtt needs paho-mqtt: pip install 'lpr[mqtt]'") from error
    return client


def parse_broker(url: str) -> Url:
    """The parts of a broker's address.

    Raises:
        LprError: it isn't one.
    """
    return parse_url(url, tuple(PORTS), "mqtt", "mqtt://user@broker:1883 or mqtts://broker")


def tls_context(certificate: Path | None) -> ssl.SSLContext:
    """What a broker's certificate is checked with.

    Raises:
        LprError: the file holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=certificate)
    except (OSError, ssl.SSLError) as error:
        raise LprError(f"`mqtt_ca` {certificate} is no certificate that can be read: give a PEM file") from error


def _status(state: str) -> str:
    return json.dumps({"state": state, "lpr": __version__, "schema": SCHEMA})
