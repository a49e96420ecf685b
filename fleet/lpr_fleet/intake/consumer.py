"""Consumes until it is stopped: a broker that was lost is connected to again."""

from collections.abc import Callable
from typing import Protocol

from lpr_fleet.base.failures import BrokerLostError
from lpr_fleet.base.log import LOG
from lpr_fleet.intake.batches import FIRST_WAIT_S, LONGEST_WAIT_S, Batches, BatchLimits, Broker, Counts, Store
from lpr_fleet.intake.parse import Parse


class ClosableBroker(Broker, Protocol):
    """A broker's connection."""

    def close(self) -> None:
        """Disconnect."""


def consume(
    open_broker: Callable[[], ClosableBroker],
    store: Store,
    parse: Parse,
    limits: BatchLimits,
    wait: Callable[[float], bool],
) -> Counts:
    """Move events from broker to database.

    Args:
        open_broker: connects; raises BrokerLostError where it can't.
        store: the database.
        parse: makes rows.
        limits: of a batch.
        wait: waits so many seconds; returns whether to stop.

    Returns:
        What was done.
    """
    counts, wait_s = Counts(), FIRST_WAIT_S
    while not wait(0):
        broker = None
        try:
            broker = open_broker()
            LOG.info("connected to the broker")
            wait_s = FIRST_WAIT_S
            batches = Batches(broker, store, parse, limits, counts)
            while not wait(0):
                batches.turn(lambda: wait(0))
        except BrokerLostError as error:
            LOG.warning("the broker is away (%s): next attempt in %.1f s", error, wait_s)
            wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        finally:
            if broker is not None:
                broker.close()
    return counts
