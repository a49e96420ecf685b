"""What every sink offers."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from lpr_edge.base.extensions import ExtensionSettings
from lpr_edge.base.finding import Finding
from lpr_edge.contract.base.errors import LprError
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


@runtime_checkable
class KeepsFiles(Protocol):
    """A target that writes files to this disk: what it writes counts for the quota, and old files are deleted."""

    def finished_files(self) -> Iterable[os.PathLike[str]]:
        """The files that may be deleted."""
        ...

    def growing_files(self) -> Iterable[Path]:
        """The files that are still written to."""
        ...


@runtime_checkable
class TakesMatches(Protocol):
    """A target that is told of a listed plate at once, before the event itself is delivered."""

    def tell_match(self, record: Record) -> None:
        """Send it on, or not at all; must neither wait nor raise."""
        ...


@runtime_checkable
class TakesStatistics(Protocol):
    """A target that is told now and again how the device does."""

    @property
    def statistics_every_s(self) -> float:
        """Seconds from one time to the next; 0 for never."""
        ...

    def tell_metrics(self, metrics: Record) -> None:
        """Send them on, or not at all; must neither wait nor raise."""
        ...


@dataclass(frozen=True)
class Site:
    """What a sink is told of the device that it is opened on."""

    device: str
    """The device's name."""
    outbox: Path
    """The file that its events come from; no other process uses it."""
    largest_file: int
    """Bytes at which a file of events is to be rotated."""


class SinkSettings(ExtensionSettings):
    """Settings of a sink: a frozen dataclass, registered as an entry point of the group `lpr.sinks`."""

    def check(self) -> None:
        """Look at all that can be wrong without opening anything; called only where the sink is on.

        Raises:
            LprError: what is wrong, and what to do.
        """

    def open(self, site: Site) -> Target:
        """Open the sink.

        Raises:
            LprError: it can't be had.
        """
        raise NotImplementedError

    def examine(self, site: Site) -> Finding | None:  # noqa: ARG002 - what others need
        """A line of `lpr-edge doctor`; None where there is nothing to say."""
        return None
