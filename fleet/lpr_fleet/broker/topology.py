"""The queues at RabbitMQ; `edge/fleet/rabbitmq/definitions.json` makes the same ones before a device connects."""

from typing import Any

MQTT_EXCHANGE = "amq.topic"
"""Where the MQTT plug-in puts messages, each under its topic with `.` for `/`."""
EVENTS = "lpr-events"
DEAD = "lpr-dead"
"""Queue, and exchange, of messages that can't be stored."""
DELIVERY_LIMIT = 100
"""Deliveries of one message until it is a dead letter: one that ends every consumer must not come for ever. It is far
more than the restarts that a good one meets, since a consumer whose database is away keeps what it has."""

QUORUM = {"x-queue-type": "quorum"}
EVENTS_ARGUMENTS: dict[str, Any] = {
    **QUORUM,
    "x-dead-letter-exchange": DEAD,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",  # what at-least-once asks for
    "x-delivery-limit": DELIVERY_LIMIT,
}
"""A quorum queue confirms a message when a majority of its nodes has it on disk; the MQTT plug-in sends PUBACK then."""


def event_routes(topic: str) -> tuple[str, str]:
    """Routing keys of `<topic>/<device>/event`, and of `<topic>/<device>/<camera>/event`."""
    prefix = topic.replace("/", ".")
    return f"{prefix}.*.event", f"{prefix}.*.*.event"


def declare(channel: Any, topic: str) -> None:
    """Make exchange, queues and bindings, where they aren't there yet.

    Args:
        channel: of pika.
        topic: what the devices' topics begin with.
    """
    channel.exchange_declare(DEAD, "fanout", durable=True)
    channel.queue_declare(DEAD, durable=True, arguments=QUORUM)
    channel.queue_bind(DEAD, DEAD)
    channel.queue_declare(EVENTS, durable=True, arguments=EVENTS_ARGUMENTS)
    for route in event_routes(topic):
        channel.queue_bind(EVENTS, MQTT_EXCHANGE, route)
