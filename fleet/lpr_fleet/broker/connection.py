"""A connection to RabbitMQ that takes messages and acknowledges them."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from lpr_edge.contract.base.errors import LprError
from lpr_fleet.base.extras import load_pika
from lpr_fleet.base.failures import BrokerLostError
from lpr_fleet.base.settings import AmqpUrl, FleetSettings
from lpr_fleet.broker.topology import EVENTS, declare
from lpr_fleet.intake.delivery import Delivery

HEARTBEAT_S = 30


class BrokerConnection:
    """Takes messages of a queue; nothing is acknowledged by itself."""

    def __init__(self, settings: FleetSettings, queue: str = EVENTS) -> None:
        """Connect, make the queues where they are missing, and ask for messages.

        Raises:
            BrokerLostError: the broker can't be reached.
            LprError: it refuses the login.
        """
        self._arrived: deque[Delivery] = deque()
        self._connection = open_connection(settings)
        with losing_broker():
            self._channel = self._connection.channel()
            declare(self._channel, settings.topic)
            self._channel.basic_qos(prefetch_count=settings.prefetch)
            self._channel.basic_consume(queue, self._take)

    def receive(self, wait_s: float) -> list[Delivery]:
        """What has come, after at most `wait_s` seconds; also keeps the connection alive.

        Raises:
            BrokerLostError: the connection has ended.
        """
        with losing_broker():
            self._connection.process_data_events(time_limit=0 if self._arrived else wait_s)
        if not self._channel.is_open or not self._channel.consumer_tags:
            raise BrokerLostError("it has closed the channel, or cancelled the consumer")  # pika goes on in silence
        arrived = list(self._arrived)
        self._arrived.clear()
        return arrived

    def acknowledge_up_to(self, tag: int) -> None:
        """The broker may forget every message up to this one."""
        with losing_broker():
            self._channel.basic_ack(tag, multiple=True)

    def reject(self, tag: int) -> None:
        """The broker moves this message to the dead letters."""
        with losing_broker():
            self._channel.basic_reject(tag, requeue=False)

    def close(self) -> None:
        """Disconnect; what isn't acknowledged goes to another consumer."""
        close_connection(self._connection)

    def _take(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        self._arrived.append(Delivery(method.delivery_tag, method.routing_key, body))


@contextmanager
def losing_broker() -> Iterator[None]:
    """Turn the client's own errors into BrokerLostError."""
    pika = load_pika()
    try:
        yield
    except (pika.exceptions.AMQPError, OSError) as error:
        raise BrokerLostError(str(error) or type(error).__name__) from error


def open_connection(settings: FleetSettings) -> Any:
    """A blocking connection of pika; the URL's own password goes before the setting.

    Raises:
        BrokerLostError: the broker can't be reached.
        LprError: it refuses the login.
    """
    pika = load_pika()
    url = settings.broker
    parameters = _parameters(pika, url, settings.broker_password)
    try:
        with losing_broker():
            return pika.BlockingConnection(parameters)
    except BrokerLostError as lost:
        refused = (pika.exceptions.ProbableAuthenticationError, pika.exceptions.ProbableAccessDeniedError)
        if isinstance(lost.__cause__, refused):
            raise LprError(f"{url.origin} refuses the login {url.username!r}: check user, password and vhost") from lost
        raise


def _parameters(pika: Any, url: AmqpUrl, password: str) -> Any:
    import ssl

    return pika.ConnectionParameters(
        host=url.place[0],
        port=url.place[1],
        virtual_host=unquote(url.path[1:]) or "/",
        credentials=pika.PlainCredentials(url.username or "guest", url.password or password),
        ssl_options=pika.SSLOptions(ssl.create_default_context(), url.host) if url.scheme == "amqps" else None,
        heartbeat=HEARTBEAT_S,
        blocked_connection_timeout=60,
        socket_timeout=10,
        client_properties={"connection_name": "lpr-fleet"},
    )


def close_connection(connection: Any) -> None:
    """Close, where it is still open."""
    try:
        with losing_broker():
            connection.close()
    except BrokerLostError:
        return  # it is closed
