"""Interfaces of sinks and delivery targets."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from lpr_edge.base.finding import Finding
from lpr_edge.config.extensions import SwitchedSettings
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country
from lpr_edge.contract.records import Record, Sighting


class DeliveryError(LprError):
    """The sink can't take an event now; the delivery is retried."""


class RefusedError(LprError):
    """The sink doesn't accept this event; the outbox keeps it as refused and goes on with the next one."""


class Sink(Protocol):
    """Receives records in order."""

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Take one record; on return it is stored or sent as the sink promises.

        Args:
            record: the record to write.
            event: the vehicle of the record, for sinks that keep pictures.
        """
        ...

    def tick(self) -> None:
        """Do pending work; called after every frame, so it must be fast."""
        ...

    def stop_waiting(self) -> None:
        """Stop waiting for slow readers, because a stop was requested."""
        ...

    def close(self) -> None:
        """Finish what is under way."""
        ...


class Layer:
    """A sink that wraps another one; what it doesn't change is passed on."""

    def __init__(self, inner: Sink) -> None:
        self.inner = inner

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Pass a record on."""
        self.inner.write(record, event)

    def tick(self) -> None:
        """Do the inner sink's pending work."""
        self.inner.tick()

    def stop_waiting(self) -> None:
        """Stop the inner sink's waiting."""
        self.inner.stop_waiting()

    def close(self) -> None:
        """Finish the inner sink's pending work."""
        self.inner.close()


@dataclass(frozen=True)
class StoredEvent:
    """An event on its way from the outbox to a target."""

    number: int
    """Sequence number of the event."""
    record: Record
    """Contains `id`, by which a target recognises an event that it already has."""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """Name -> JPEG; empty if no sink wants pictures."""


class Target(Protocol):
    """A destination to which the outbox delivers events, one by one and in order."""

    @property
    def name(self) -> str:
        """Name in the outbox and in messages."""
        ...

    @property
    def wants_pictures(self) -> bool:
        """Whether events come with their pictures; otherwise the outbox doesn't read them."""
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
class FileTarget(Protocol):
    """A target that writes files to this disk: what it writes counts for the quota, and old files are deleted."""

    def finished_files(self) -> Iterable[os.PathLike[str]]:
        """The files that may be deleted."""
        ...

    def growing_files(self) -> Iterable[Path]:
        """The files that are still written to."""
        ...


@runtime_checkable
class BatchTarget(Protocol):
    """A target that takes several events at once, some seconds later, and has periodic work of its own."""

    def deliver_all(self, stored_events: Sequence[StoredEvent]) -> None:
        """Take events, as `deliver` takes one.

        Raises:
            DeliveryError: none of them now.
        """
        ...

    def tick(self) -> None:
        """Do periodic work; the delivery thread calls it every few seconds."""
        ...


@runtime_checkable
class MatchTarget(Protocol):
    """A target that gets a watch-list match at once, before the event itself is delivered."""

    def publish_match(self, record: Record) -> None:
        """Publish the match or drop it; must neither wait nor raise."""
        ...


@runtime_checkable
class StatisticsTarget(Protocol):
    """A target that gets the device's statistics at intervals."""

    @property
    def statistics_every_s(self) -> float:
        """Interval in seconds; 0 for never."""
        ...

    def publish_metrics(self, metrics: Record) -> None:
        """Publish the statistics or drop them; must neither wait nor raise."""
        ...


@dataclass(frozen=True)
class Site:
    """What a sink may know of the device that opens it."""

    device: str
    """The device's name."""
    outbox: Path
    """The file that its events come from; no other process uses it."""
    largest_file: int
    """Bytes at which a file of events is to be rotated."""
    country: str = ""
    """Whose plates are read, such as `nepal`."""
    trust_clock: bool = False
    """Whether the clock counts as right without a time service."""
    load_country: Callable[[], Country] = load_country
    """Gives the country of the reader that runs."""
    cameras: tuple[str, ...] = ()
    """Names of several, which are the `source` of their events; empty where there is one."""


class SinkSettings(SwitchedSettings):
    """Settings of a sink: a frozen dataclass, registered as an entry point of the group `lpr.sinks`."""

    def check(self) -> None:
        """Check the settings without opening anything; called only if the sink is on.

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
        """Check the sink for `lpr-edge doctor`; None without a result."""
        return None
