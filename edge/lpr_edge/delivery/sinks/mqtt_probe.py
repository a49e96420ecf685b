"""Test whether a broker accepts what a device publishes: a message to a topic of its own must come back."""

import socket
from threading import Event
from time import monotonic
from uuid import uuid4

from lpr_edge.base.finding import Finding, State, fine
from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.sinks.mqtt_connection import Connection
from lpr_edge.delivery.sinks.mqtt_login import Login, new_identity

TIMEOUT_S = 5.0
BACK_S = 2.0
"""How long a message to the broker may take back."""
REMEDY = "check --mqtt, --mqtt-password and --mqtt-ca, and that the broker runs; events wait in the outbox meanwhile"
REFUSED_REMEDY = "give the --device and --mqtt-topic under which this user may publish, or change the broker's ACL"


def check_broker(login: Login, topic: str) -> Finding:
    """Check that the broker accepts a device's login, and that its messages arrive.

    Args:
        login: the device's.
        topic: what its topics begin with, its name included.
    """
    try:
        socket.create_connection(login.address.place, TIMEOUT_S).close()
        probe = _Probe(login, f"{topic}/probe")
    except (LprError, OSError, ValueError) as error:
        return Finding("broker", State.REPAIR, str(error), REMEDY)
    try:
        return probe.finding()
    finally:
        probe.close()


class _Probe:
    """A message to a topic of the device, which must come back."""

    def __init__(self, login: Login, topic: str) -> None:
        self._topic = topic
        self._payload = uuid4().hex
        self._connected, self._back = Event(), Event()
        # A client id of its own: the service's connection would be cut off.
        self._client = Connection(login, new_identity(), self._connected.set, self._take)
        self._client.start()

    def finding(self) -> Finding:
        """Send the message, and wait for it."""
        end = monotonic() + TIMEOUT_S
        while not self._connected.wait(0.05) and monotonic() < end:
            if "the broker says" in self._client.reason:
                return Finding("broker", State.REPAIR, self._client.reason, REMEDY)
        if not self._connected.is_set():
            return Finding("broker", State.REPAIR, f"no answer in {TIMEOUT_S:g} s", REMEDY)
        self._client.subscribe(self._topic)
        message = self._client.publish(self._topic, self._payload)
        message.wait_for_publish(TIMEOUT_S)
        refusal = self._client.refusal(message)
        if refusal:
            return Finding("broker", State.REPAIR, refusal, REFUSED_REMEDY)
        if self._back.wait(BACK_S):
            return fine("broker", "connected, and what is published comes back")
        lost = f"connected, but what is published to {self._topic} doesn't come back"
        if self._client.can_refuse and message.is_published():
            return Finding("broker", State.LOOK, f"{lost}, though it was taken", "let this user read that topic, too")
        return Finding("broker", State.REPAIR, lost, REFUSED_REMEDY)

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    def _take(self, topic: str, payload: bytes) -> None:
        if topic == self._topic and payload == self._payload.encode():
            self._back.set()
