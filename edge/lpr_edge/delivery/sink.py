"""What every sink offers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lpr_edge.contract.errors import LprError
from lpr_edge.contract.records import Record, Sighting


class DeliveryError(LprError):
    """A sink that can't take an event now; it is tried again."""


class RefusedError(LprError):
    """An event that a sink does not take as it is; the outbox keeps it as refused, and the next one follows."""


class Sink(Protocol):
    """Takes records, in order."""

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Take one record; on return it is where the sink promises that it is.

        Args:
            record: what to tell.
            event: the vehicle that it tells of, for sinks that keep pictures.
        """
        ...

    def tend(self) -> None:
        """See to what is left over; called after every frame, so it must be quick."""
        ...

    def hurry(self) -> None:
        """Wait for nobody from now on: a stop was asked for."""
        ...

    def close(self) -> None:
        """Finish what is under way."""
        ...


class Layer:
    """A sink that lays something over another; what it doesn't change goes through."""

    def __init__(self, inner: Sink) -> None:
        self.inner = inner

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Pass a record on."""
        self.inner.write(record, event)

    def tend(self) -> None:
        """See to what is left over there."""
        self.inner.tend()

    def hurry(self) -> None:
        """Wait for nobody there."""
        self.inner.hurry()

    def close(self) -> None:
        """Finish what is under way there."""
        self.inner.close()


@dataclass(frozen=True)
class StoredEvent:
    """An event on its way from the outbox to a target."""

    number: int
    """Its place in the order of events."""
    record: Record
    """Holds `id`, by which a target knows what it had before."""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """Name -> JPEG; empty where no sink asked for pictures."""


class Target(Protocol):
    """Where the outbox delivers events, one by one and in order."""

    @property
    def name(self) -> str:
        """What it is called in the outbox and in messages."""
        ...

    @property
    def wants_pictures(self) -> bool:
        """Whether it is given an event's pictures, too; others never make the outbox read them."""
        ...

    def deliver(self, stored_event: StoredEvent) -> None:
        """Take an event; on return it is safe there. An event with the `id` of the one before is the same event.

        Raises:
            DeliveryError: not now.
            RefusedError: never.
        """
        ...

    def close(self) -> None:
        """Finish what is under way."""
        ...
