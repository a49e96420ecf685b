"""Counts events for status, metrics and the live page: those that were written, and those that still wait."""

import sqlite3
from collections import deque
from collections.abc import Mapping

from lpr_edge.contract.records import Record, Sighting
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sink import Layer, Sink
from lpr_edge.service.runtime_stats import RuntimeStats

HELD = "held"
"""In the place of a sink's name, for events that are only in memory."""
DAMAGED = "damaged"
"""The same for events that can't be read."""


class Backlog:
    """The events that wait in the outbox or, while the disk is full, in memory."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.held: deque[tuple[Record, Mapping[str, bytes]]] = deque()
        """Events that the outbox hasn't taken yet, each with its pictures."""

    def waiting(self) -> dict[str, int]:
        """Number of undelivered events of each sink and, while the disk is full, of those in memory under HELD."""
        held = {HELD: len(self.held)} if self.held else {}
        try:
            return self.outbox.waiting() | held
        except sqlite3.Error:
            return held

    def set_aside(self) -> dict[str, int]:
        """Number of stored events that each sink has refused, and of unreadable ones under DAMAGED."""
        try:
            refused, damaged = self.outbox.refused(), self.outbox.damaged()
        except sqlite3.Error:
            return {}
        return refused | ({DAMAGED: damaged} if damaged else {})


class EventCounter(Layer):
    """A sink layer that counts each event in `RuntimeStats` after the inner sink has taken it."""

    def __init__(self, inner: Sink, stats: RuntimeStats) -> None:
        super().__init__(inner)
        self._stats = stats

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Pass a record on, and count it if it is an event."""
        super().write(record, event)
        if "event" in record:
            self._stats.count_event(record)
