"""Events that aren't delivered yet, counted for those who watch a run."""

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
    """The events that wait in an outbox, and, while the disk takes none, in memory."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.held: deque[tuple[Record, Mapping[str, bytes]]] = deque()
        """Events that the outbox hasn't taken yet, each with its pictures."""

    def waiting(self) -> dict[str, int]:
        """How many events each sink has yet to get, and, while the disk takes none, how many are HELD in memory."""
        held = {HELD: len(self.held)} if self.held else {}
        try:
            return self.outbox.waiting() | held
        except sqlite3.Error:
            return held

    def set_aside(self) -> dict[str, int]:
        """How many events are kept that each sink has refused, and, under DAMAGED, that can't be read."""
        try:
            refused, damaged = self.outbox.refused(), self.outbox.damaged()
        except sqlite3.Error:
            return {}
        return refused | ({DAMAGED: damaged} if damaged else {})
