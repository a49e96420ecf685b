"""Counts events that aren't delivered yet, for status and metrics."""

import sqlite3
from collections import deque
from collections.abc import Mapping

from lpr_edge.contract.records import Record
from lpr_edge.delivery.outbox import Outbox

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
