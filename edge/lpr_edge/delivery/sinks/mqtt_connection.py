"""A persistent connection to an MQTT broker: MQTT 5 if supported, which can refuse messages, else 3.1.1."""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Any

from lpr_edge.base.log import log_info, warn
from lpr_edge.base.workers import surviving
from lpr_edge.delivery.sinks.mqtt_login import Login, load_paho, new_client

KEEPALIVE_S = 30
"""Keep-alive interval in seconds; the broker publishes the last will half an interval after a missed one."""
TAKEN_OVER = 0x8E
"""MQTT 5's reason: another client has connected with this one's id."""
SHORT_S = 10.0
MAX_SHORT_CONNECTIONS = 3
"""Number of short connections in sequence that indicate a take-over, which MQTT 3.1.1 can't report."""
MAX_KEPT = 1000
"""Maximum number of pending or refused messages that are remembered."""
TAKE_OVER = (
    "another lpr-edge with the same client id is at the broker, and each throws the other out: is this a copy of"
)
TAKE_OVER += " another device's disk? Give each its own /etc/machine-id and --store"


class Connection:
    """An MQTT client with its own thread."""

    def __init__(
        self,
        login: Login,
        client_id: str,
        greet: Callable[[], None],
        take: Callable[[str, bytes], None],
        will: tuple[str, str] | None = None,
    ) -> None:
        """Create the client; `start` connects.

        Args:
            login: where to, and as whom.
            client_id: by which the broker knows this client from all others.
            greet: called each time when connected.
            take: called with topic and payload of what comes, but for what the broker had kept.
            will: topic and payload that the broker publishes, retained, when the client is disconnected.

        Raises:
            LprError: paho-mqtt isn't installed, or address or certificate can't be used.
        """
        self._mqtt = load_paho()
        self._login, self._client_id, self._will = login, client_id, will
        self._greet, self._take = greet, take
        self._topics: dict[int, str] = {}
        self._refusals: dict[int, str] = {}
        self._has_complained = self._is_greeted = False
        self._connected_at, self._short = 0.0, 0
        self.reason = "no connection to the broker"
        """Why nothing can be published, if not connected."""
        self.generation = 0
        """Counts the clients: what was published by an earlier one is lost with it."""
        self._version = self._mqtt.MQTTv5
        self._client: Any = self._new_client()
        self._replacing = Lock()
        """Held while a client is replaced, so that `close` stops the last one, and no other comes after it."""
        self._is_closed = False

    def start(self) -> None:
        """Connect now, or as soon as the broker is reachable; `greet` is called after each connection."""
        self._client.connect_async(*self._login.address.place, KEEPALIVE_S)
        self.generation += 1
        self._client.loop_start()

    def is_connected(self) -> bool:
        """Whether the broker is connected."""
        return bool(self._client.is_connected())

    def publish(self, topic: str, payload: str | bytes, qos: int = 1, retain: bool = False) -> Any:
        """Publish; returns paho's `MQTTMessageInfo`, whose result `refusal` reads."""
        message = self._client.publish(topic, payload, qos=qos, retain=retain)
        if qos:
            if len(self._topics) >= MAX_KEPT:
                self._topics.clear()
            self._topics[message.mid] = topic
        return message

    @property
    def can_refuse(self) -> bool:
        """Whether the broker supports MQTT 5, in which it can refuse a message."""
        return bool(self._version == self._mqtt.MQTTv5)

    def refusal(self, message: Any) -> str:
        """Why the broker refused a message; empty if it accepted it."""
        return self._refusals.pop(message.mid, "")

    def subscribe(self, topic: str) -> None:
        """Subscribe to a topic; a broker that refuses sends nothing."""
        self._client.subscribe(topic)

    def close(self) -> None:
        """Disconnect."""
        with self._replacing:
            self._is_closed = True
        self._client.disconnect()
        self._client.loop_stop()

    def _new_client(self) -> Any:
        client = new_client(self._mqtt, self._login, self._version, self._client_id)
        if self._will:
            client.will_set(*self._will, qos=1, retain=True)
        client.on_connect, client.on_connect_fail = self._on_connect, self._on_connect_fail
        client.on_disconnect, client.on_publish = self._on_disconnect, self._on_publish
        client.on_message = self._on_message
        client.reconnect_delay_set(1, 30)
        return client

    def _fall_back(self, client: Any) -> None:
        """Continue with MQTT 3.1.1 in a new client; the old client's thread ends by itself."""
        log_info("the broker doesn't speak MQTT 5: with 3.1.1 it can't report that it refuses an event")
        client.disconnect()
        with self._replacing:
            if not self._is_closed:
                self._version = self._mqtt.MQTTv311
                self._client = self._new_client()
                self.start()

    def _on_connect(self, client: Any, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if client is not self._client:
            return
        self._is_greeted = True
        if reason.is_failure and self._version == self._mqtt.MQTTv5 and "protocol version" in str(reason):
            self._fall_back(client)
        elif reason.is_failure:
            self.reason = f"the broker says: {reason}"
        else:
            self.reason = "the broker doesn't answer"
            self._connected_at = monotonic()
            self._has_complained = False
            with surviving("mqtt connection"):  # an exception would end paho's thread
                self._greet()

    def _on_connect_fail(self, *_: object) -> None:
        self.reason = "no connection to the broker"

    def _on_disconnect(self, client: Any, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if client is not self._client:
            return
        if not self._is_greeted and self._version == self._mqtt.MQTTv5:
            self._fall_back(client)
            return
        self._is_greeted = False
        lasted_s = monotonic() - self._connected_at
        self._short = self._short + 1 if reason.is_failure and lasted_s < SHORT_S else 0
        if reason.value == TAKEN_OVER:
            self.reason = TAKE_OVER
            warn(TAKE_OVER)
        elif self._short == MAX_SHORT_CONNECTIONS:
            warn(f"the broker ends each connection soon: perhaps {TAKE_OVER}")
        elif "the broker says" not in self.reason:
            self.reason = f"the broker is gone ({reason})"

    def _on_publish(self, client: Any, _data: object, number: int, reason: Any, _properties: object) -> None:
        topic = self._topics.pop(number, "")
        if client is not self._client or not reason.is_failure:
            return
        if len(self._refusals) >= MAX_KEPT:
            self._refusals.clear()
        self._refusals[number] = f"the broker refuses {topic or 'what is published'}: {reason}"
        if not self._has_complained:
            self._has_complained = True
            warn(f"{self._refusals[number]}; --device must be a name under which its user may publish")

    def _on_message(self, _client: Any, _data: object, message: Any) -> None:
        if not message.retain:
            with surviving("mqtt message"):
                self._take(message.topic, message.payload)
