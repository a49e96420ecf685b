"""The queue of dead letters: looked through, and what can be stored by now goes back on its way."""

from collections.abc import Iterator
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_fleet.base.extras import load_pika
from lpr_fleet.base.failures import BrokerLostError
from lpr_fleet.base.settings import FleetSettings
from lpr_fleet.broker.connection import close_connection, losing_broker, open_connection
from lpr_fleet.broker.topology import DEAD, MQTT_EXCHANGE, declare
from lpr_fleet.intake.delivery import Delivery

PERSISTENT = 2


class DeadLetters:
    """The messages that lie in the queue now; what isn't sent again stays there."""

    def __init__(self, settings: FleetSettings) -> None:
        """Connect.

        Raises:
            BrokerLostError: the broker can't be reached.
            LprError: it refuses the login.
        """
        self._connection = open_connection(settings)
        with losing_broker():
            self._channel: Any = self._connection.channel()
            declare(self._channel, settings.topic)
            self._channel.confirm_delivery()

    def letters(self) -> Iterator[Delivery]:
        """Each message once, oldest first; one that dies again meanwhile isn't among them.

        Raises:
            BrokerLostError: the connection has ended.
        """
        with losing_broker():
            count = self._channel.queue_declare(DEAD, passive=True).method.message_count
        for _ in range(count):
            with losing_broker():
                method, _, body = self._channel.basic_get(DEAD)
            if method is None:
                return  # another consumer has taken it
            yield Delivery(method.delivery_tag, method.routing_key, body)

    def send_again(self, letter: Delivery) -> None:
        """Put a message back where devices' events go in, then take it out of the queue.

        Raises:
            BrokerLostError: the broker doesn't confirm it, so it stays; or the connection has ended in between, and it
                is in both queues: stored twice it is the same row.
        """
        pika = load_pika()
        kept = pika.BasicProperties(delivery_mode=PERSISTENT, content_type="application/json")
        with losing_broker():
            self._channel.basic_publish(MQTT_EXCHANGE, letter.route, letter.body, kept, mandatory=True)
            self._channel.basic_ack(letter.tag)

    def close(self) -> None:
        """Disconnect; what wasn't sent again is in the queue as before."""
        close_connection(self._connection)


def open_dead_letters(settings: FleetSettings) -> DeadLetters:
    """The queue, for a command that doesn't wait for a broker.

    Raises:
        LprError: there is no connection.
    """
    try:
        return DeadLetters(settings)
    except BrokerLostError as error:
        raise LprError(f"no connection to the broker, or it refuses ({error}): is RabbitMQ running?") from error
