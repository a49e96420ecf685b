"""Sends events to an MQTT broker as `lpr/<device>/event`, with the device's state as `status` and `metrics`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from lpr_edge import __version__
from lpr_edge.base.finding import Finding
from lpr_edge.base.log import warn
from lpr_edge.config.output_groups import require_topic
from lpr_edge.contract.base.units import require_setting
from lpr_edge.contract.records import SCHEMA, Record, delivery_key
from lpr_edge.contract.settings.fields import SECRET
from lpr_edge.delivery.sink import DeliveryError, SinkSettings, Site, StoredEvent, Target
from lpr_edge.delivery.sinks.home_assistant import DiscoverySettings, discovery_messages, outdated_topics
from lpr_edge.delivery.sinks.mqtt_connection import Connection
from lpr_edge.delivery.sinks.mqtt_login import BrokerUrl, Login, client_identity, load_paho, new_identity

TIMEOUT_S = 10.0
"""Seconds to wait for the broker's acknowledgement."""
PLATES_AND_METRICS = DiscoverySettings()


class Mqtt:
    """`--mqtt`: each event at least once (QoS 1), a retained status, offline by last will."""

    name = "mqtt"

    def __init__(
        self,
        address: BrokerUrl,
        device: str,
        password: str = "",
        certificate: Path | None = None,
        topic: str = "lpr",
        discovery: bool = True,
        timeout_s: float = TIMEOUT_S,
        client_id: str = "",
        announced: DiscoverySettings = PLATES_AND_METRICS,
        statistics_every_s: float = 0.0,
        cameras: Sequence[str] = (),
    ) -> None:
        """Connect, now or as soon as the broker is reachable.

        Args:
            address: of the broker.
            device: this device's name in topics.
            password: of the user.
            certificate: see `Login`.
            topic: what topics begin with.
            discovery: whether the device announces itself to Home Assistant.
            timeout_s: see TIMEOUT_S.
            client_id: see `client_identity`; empty for a new one.
            announced: what is announced to Home Assistant.
            statistics_every_s: seconds between two reports of the device's status; 0 for never.
            cameras: names of several, whose events have topics of their own.

        Raises:
            LprError: paho-mqtt isn't installed, or address or certificate can't be used.
        """
        self._base = f"{topic}/{device}"
        self._cameras = tuple(cameras)
        self._device, self._topic = device, topic
        self._discovery, self._announced = discovery, announced
        self._client_id = client_id or new_identity()
        self._timeout_s = timeout_s
        self._has_warned = False
        self.statistics_every_s = statistics_every_s
        """See `StatisticsTarget`."""
        self.wants_pictures = announced.pictures
        """Whether each event comes with its pictures."""
        self._under_way: tuple[str, int, Any] | None = None
        """The event's key, the client's generation, and paho's word on it."""
        will = self._status_topic, self._status("offline")
        self._client = Connection(
            Login(address, password, certificate), self._client_id, self._on_connected, self._on_status, will
        )
        self._client.start()

    def deliver(self, stored_event: StoredEvent) -> None:
        """Publish an event and wait for the acknowledgement; an unacknowledged message isn't sent again."""
        key = delivery_key(stored_event.record)
        if self._under_way is None or self._under_way[:2] != (key, self._client.generation):
            if not self._client.is_connected():
                raise DeliveryError(self._client.reason)
            self._show(stored_event)
            payload = json.dumps(stored_event.record, ensure_ascii=False)
            message = self._client.publish(f"{self._base_of(stored_event.record)}/event", payload)
            self._under_way = key, self._client.generation, message
        message = self._under_way[2]
        try:
            message.wait_for_publish(self._timeout_s)
        except (RuntimeError, ValueError):  # paho won't send it at all
            self._under_way = None
            raise DeliveryError(self._client.reason) from None
        if not message.is_published():
            raise DeliveryError(
                self._client.reason if not self._client.is_connected() else "the broker doesn't confirm"
            )
        self._under_way = None
        refusal = self._client.refusal(message)
        if refusal:
            raise DeliveryError(refusal)

    def publish_metrics(self, metrics: Record) -> None:
        """Publish the metrics at `lpr/<device>/metrics`, at most once."""
        if self._client.is_connected():
            self._client.publish(f"{self._base}/metrics", json.dumps(metrics, ensure_ascii=False), qos=0)

    def publish_match(self, record: Record) -> None:
        """Publish a watch-list match at once or not at all: a gate must not open after the vehicle has left.

        QoS 0, not retained; the event itself still goes the sure way.
        """
        if not self._client.is_connected():
            warn(f"no match message for event {record['id']}: {self._client.reason}")
            return
        message = json.dumps(match_message(record), ensure_ascii=False)
        self._client.publish(f"{self._base_of(record)}/match", message, qos=0)

    def close(self) -> None:
        """Publish that the device is offline, and disconnect."""
        if self._client.is_connected():
            message = self._client.publish(self._status_topic, self._status("offline"), retain=True)
            message.wait_for_publish(0.5)
        self._client.close()

    @property
    def _status_topic(self) -> str:
        return f"{self._base}/status"

    def _on_connected(self) -> None:
        self._client.subscribe(self._status_topic)
        self._client.publish(self._status_topic, self._status("online"), retain=True)
        if not self._discovery:
            return
        for topic in outdated_topics(self._device):
            self._client.publish(topic, "", retain=True)
        for topic, payload in discovery_messages(self._device, self._topic, self._announced, self._cameras).items():
            self._client.publish(topic, payload, retain=True)

    def _on_status(self, _topic: str, payload: bytes) -> None:
        """Process a status under this device's name: one of another client means that two devices share the name."""
        try:
            status = json.loads(payload)
            other, state = str(status["client"]), status["state"]
        except (ValueError, TypeError, KeyError):
            return
        if other == self._client_id:
            return
        if state == "offline":  # the other client has disconnected, this one hasn't
            self._client.publish(self._status_topic, self._status("online"), retain=True)
        elif not self._has_warned:
            self._has_warned = True
            warn(f"another lpr-edge is called {self._device!r} at this broker: give each a name by --device")

    def _base_of(self, record: Record) -> str:
        """Prefix of an event's topics: the device and, with several cameras, the camera."""
        camera = record.get("source")
        return f"{self._base}/{camera}" if camera in self._cameras else self._base

    def _show(self, stored_event: StoredEvent) -> None:
        """Publish the image before its event, at most once and not retained."""
        pictures = stored_event.pictures
        if self._announced.pictures and "frame" in pictures:
            from lpr_edge.output.event_pictures import small_picture

            self._client.publish(
                f"{self._base_of(stored_event.record)}/picture", small_picture(pictures["frame"]), qos=0
            )

    def _status(self, state: str) -> str:
        return json.dumps({"state": state, "lpr": __version__, "schema": SCHEMA, "client": self._client_id})


def match_message(record: Record) -> Record:
    """The published message of a match: the event's id, time and plate, and the listed plate, its name and action."""
    matched: Record = record["matched"]
    return {key: record[key] for key in ("id", "last_seen", "text")} | matched


@dataclass(frozen=True)
class MqttSettings(SinkSettings):
    """Settings of the broker."""

    name = "mqtt"

    url: BrokerUrl | None = None
    """broker that each event is published to: mqtt://user@host:1883, or mqtts:// for TLS"""
    password: str = field(default="", metadata=SECRET)
    """of that user; better as LPR_MQTT_PASSWORD, which no process list shows"""
    ca: Path | None = None
    """certificate of the authority behind the broker's own, where the system doesn't know it"""
    topic: str = "lpr"
    """what topics begin with; the device and `event` or `status` follow"""
    discovery: bool = True
    """announce this device to Home Assistant (MQTT discovery)"""
    pictures: bool = False
    """publish a small picture of each event, too; Home Assistant shows it"""
    metrics: timedelta = timedelta(seconds=60)
    """time between two reports of the device's status to the broker; 0 for never"""

    def __post_init__(self) -> None:
        """Reject topics that no broker accepts, and images without a broker."""
        require_topic(self.topic, "mqtt_topic")
        require_setting(bool(self.url) or not self.pictures, "mqtt_pictures", True, "off without `mqtt`")

    def check(self) -> None:
        """See `SinkSettings.check`."""
        load_paho()

    def open(self, site: Site) -> Target:
        """See `SinkSettings.open`."""
        every_s = self.metrics.total_seconds()
        return Mqtt(
            self.address,
            site.device,
            self.password,
            self.ca,
            self.topic,
            self.discovery,
            client_id=client_identity(site.outbox),
            announced=DiscoverySettings(every_s > 0, self.pictures),
            statistics_every_s=every_s,
            cameras=site.cameras,
        )

    def examine(self, site: Site) -> Finding:
        """Check that the broker accepts what this device publishes."""
        from lpr_edge.delivery.sinks.mqtt_probe import check_broker

        return check_broker(Login(self.address, self.password, self.ca), f"{self.topic}/{site.device}")

    @property
    def address(self) -> BrokerUrl:
        """Of the broker, where the sink is on."""
        assert self.url is not None
        return self.url

    def read_files(self) -> Iterable[Path]:
        """The authority's certificate."""
        return () if self.ca is None else (self.ca,)
