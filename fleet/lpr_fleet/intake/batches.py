"""Batches: messages are stored together, and acknowledged when they are stored, not before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from lpr_fleet.base.failures import DatabaseLostError
from lpr_fleet.base.log import LOG
from lpr_fleet.database.event_row import EventRow, Key
from lpr_fleet.intake.delivery import Delivery
from lpr_fleet.intake.parse import Parse, UnusableMessageError

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0
"""Before a database that is away is tried again; doubled each time."""


class Broker(Protocol):
    """What a batch needs of a broker's connection."""

    def receive(self, wait_s: float) -> list[Delivery]:
        """What has come, after at most so many seconds."""

    def acknowledge_up_to(self, tag: int) -> None:
        """The broker may forget every message up to this one that wasn't rejected."""

    def reject(self, tag: int) -> None:
        """Move this message to the dead letters."""


class Store(Protocol):
    """What a batch needs of the database."""

    def save(self, rows: Sequence[EventRow]) -> Mapping[Key, str]:
        """Store and commit; returns those that are refused."""


@dataclass
class Counts:
    """What has been done since the start."""

    stored: int = 0
    """Messages stored and acknowledged, repeats included."""
    dead: int = 0
    batches: int = 0
    waits: int = 0
    """Attempts that found the database away."""


@dataclass(frozen=True)
class BatchLimits:
    """When a batch is stored."""

    most: int = 200
    within_s: float = 0.2
    """Seconds from its first message."""


class Batches:
    """Takes messages off one broker's connection, batch by batch; a new connection needs a new object.

    The order is: commit, then dead letters, then acknowledgement. Whatever ends in between, the broker delivers again
    what it has no acknowledgement of, and the database knows it by its key.
    """

    def __init__(
        self,
        broker: Broker,
        store: Store,
        parse: Parse,
        limits: BatchLimits,
        counts: Counts,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._broker, self._store, self._parse = broker, store, parse
        self._limits, self._clock = limits, clock
        self._waiting: list[Delivery] = []
        self._since = 0.0
        self._counts = counts

    def turn(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Take what has come, and store a batch where one is due.

        Raises:
            BrokerLostError: the connection has ended; what wasn't acknowledged comes again on the next one.
        """
        self._take(self._limits.within_s if not self._waiting else max(0.0, self._due() - self._clock()))
        while self._waiting and (len(self._waiting) >= self._limits.most or self._clock() >= self._due()):
            batch = self._waiting[: self._limits.most]
            if not self._finish(batch, stopping):
                return
            self._waiting = self._waiting[len(batch) :]
            self._since = self._clock()

    def _due(self) -> float:
        return self._since + self._limits.within_s

    def _take(self, wait_s: float) -> None:
        arrived = self._broker.receive(wait_s)
        if arrived and not self._waiting:
            self._since = self._clock()
        self._waiting += arrived

    def _finish(self, batch: Sequence[Delivery], stopping: Callable[[], bool]) -> bool:
        """Store a batch and acknowledge it; False where it was stopped before that."""
        rows, dead = self._parsed(batch)
        refused = self._saved(list(rows.values()), stopping)
        if refused is None:
            return False
        dead |= {tag: refused[row.key] for tag, row in rows.items() if row.key in refused}
        for tag, reason in dead.items():
            LOG.warning("a message goes to the dead letters: %s", reason)
            self._broker.reject(tag)
        kept = [delivery.tag for delivery in batch if delivery.tag not in dead]
        if kept:  # a rejected tag is used up: acknowledging it ends the channel
            self._broker.acknowledge_up_to(kept[-1])
        self._counts.stored += len(batch) - len(dead)
        self._counts.dead += len(dead)
        self._counts.batches += 1
        return True

    def _parsed(self, batch: Sequence[Delivery]) -> tuple[dict[int, EventRow], dict[int, str]]:
        """Rows by tag, and of messages that are none the reason."""
        rows: dict[int, EventRow] = {}
        dead: dict[int, str] = {}
        for delivery in batch:
            try:
                rows[delivery.tag] = self._parse(delivery)
            except UnusableMessageError as error:
                dead[delivery.tag] = f"{delivery.route}: {error}"
        return rows, dead

    def _saved(self, rows: Sequence[EventRow], stopping: Callable[[], bool]) -> Mapping[Key, str] | None:
        """Store rows, as soon as the database is there; None where it was stopped before."""
        wait_s = FIRST_WAIT_S
        while True:
            try:
                return self._store.save(rows)
            except DatabaseLostError as error:
                self._counts.waits += 1
                LOG.warning("the database is away (%s): next attempt in %.1f s", error, wait_s)
            if stopping():
                return None
            self._waiting += self._broker.receive(
                wait_s
            )  # keeps the connection; the broker sends no more than prefetch
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
