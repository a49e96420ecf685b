"""A broker and a database in memory, which write down in which order they are asked."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from lpr_edge.contract.records import Record, iso_time
from lpr_fleet.base.failures import BrokerLostError, DatabaseLostError
from lpr_fleet.database.event_row import EventRow, Key
from lpr_fleet.intake.delivery import Delivery

BEGIN = datetime(2026, 3, 1, 6, tzinfo=UTC)


def event(number: int, text: str = "बा१प१२३४") -> Record:
    """An event's message; the number makes its id and time."""
    seen = iso_time(BEGIN + timedelta(seconds=number))
    return {
        "event": "plate",
        "schema": 1,
        "id": f"e{number}",
        "source": "gate",
        "first_seen": seen,
        "last_seen": seen,
        "frames": 3,
        "text": text,
        "latin": "BA 1 PA 1234",
        "confidence": 0.9,
    }


def body(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()


class FakeBroker:
    """A queue whose messages come again on the next connection unless they were acknowledged or rejected."""

    def __init__(self, messages: Sequence[bytes], prefetch: int = 1000, journal: list[str] | None = None) -> None:
        self.queue = list(enumerate(messages, start=1))
        self.dead: list[bytes] = []
        self.prefetch = prefetch
        self.journal = [] if journal is None else journal
        self.on_receive: Callable[[], None] = lambda: None
        self.closed = 0
        self._unacknowledged: list[tuple[int, bytes]] = []

    def connect(self) -> "FakeBroker":
        """A new connection."""
        self.queue = sorted(self._unacknowledged + self.queue)
        self._unacknowledged = []
        return self

    def receive(self, wait_s: float) -> list[Delivery]:
        assert wait_s >= 0
        self.on_receive()
        count = self.prefetch - len(self._unacknowledged)
        sent, self.queue = self.queue[:count], self.queue[count:]
        self._unacknowledged += sent
        return [Delivery(tag, "lpr.gate-1.event", message) for tag, message in sent]

    def acknowledge_up_to(self, tag: int) -> None:
        assert tag in [number for number, _ in self._unacknowledged], "unknown delivery tag: it ends the channel"
        self.journal.append(f"acknowledge {tag}")
        self._unacknowledged = [pair for pair in self._unacknowledged if pair[0] > tag]

    def reject(self, tag: int) -> None:
        self.journal.append(f"reject {tag}")
        self.dead += [message for number, message in self._unacknowledged if number == tag]
        self._unacknowledged = [pair for pair in self._unacknowledged if pair[0] != tag]

    def close(self) -> None:
        self.closed += 1

    @property
    def held(self) -> int:
        """Messages that were sent and neither acknowledged nor rejected."""
        return len(self._unacknowledged)


class FakeStore:
    """A table; `fails` attempts to come find the database away, after storing where `commits` says so."""

    def __init__(self, journal: list[str] | None = None, fails: int = 0, commits: bool = False) -> None:
        self.rows: dict[Key, EventRow] = {}
        self.refused: set[str] = set()
        self.fails, self.commits = fails, commits
        self.journal = [] if journal is None else journal

    def save(self, rows: Sequence[EventRow]) -> Mapping[Key, str]:
        if self.fails > 0 and not self.commits:
            self.fails -= 1
            raise DatabaseLostError("away")
        self.rows |= {row.key: row for row in rows if row.id not in self.refused}
        if self.fails > 0:
            self.fails -= 1
            raise DatabaseLostError("lost after the commit")
        self.journal.append(f"commit {len(rows)}")
        return {row.key: "refused" for row in rows if row.id in self.refused}

    @property
    def ids(self) -> list[str]:
        return sorted((row.id for row in self.rows.values()), key=lambda name: int(name[1:]))


def lose_broker(*_: object) -> None:
    """What a connection does when it has ended."""
    raise BrokerLostError("gone")


def do_nothing() -> None:
    """What a connection does when all is well."""
