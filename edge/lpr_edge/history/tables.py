"""Read and write the history's tables within a transaction: events, their index, corrections."""

import json
import sqlite3
from collections.abc import Iterable

from lpr_edge.contract.country import Country
from lpr_edge.contract.records import Record
from lpr_edge.history.entry import Correction, facet_token, facets_of, is_same_visit, number_of, with_departure
from lpr_edge.history.grams import pieces_of
from lpr_edge.history.signs import SignCodes, signs_of

TAKEN = "SELECT 1 FROM events WHERE number = ?"
READ_RECORD = "SELECT record FROM events WHERE number = ?"


class Tables:
    """The tables of one connection."""

    def __init__(self, connection: sqlite3.Connection, country: Country) -> None:
        self._connection = connection
        self._country = country
        self._codes = SignCodes(connection)

    def find(self, event_id: str) -> int | None:
        """An event's number; None where there is no such event."""
        found = self._connection.execute("SELECT number FROM events WHERE id = ?", (event_id,)).fetchone()
        return None if found is None else int(found[0])

    def record(self, number: int) -> Record:
        """An event's stored record."""
        text = self._connection.execute(READ_RECORD, (number,)).fetchone()[0]
        record: Record = json.loads(text)
        return record

    def with_own_id(self, record: Record) -> Record:
        """The record with a unique id; an event that is stored already keeps its id."""
        wanted = record
        for count in range(2, 1_000_000):
            number = self.find(wanted["id"])
            if number is None or is_same_visit(self.record(number), wanted):
                return wanted
            wanted = record | {"id": f"{record['id']}.{count}"}
        raise ValueError(f"a million events are called {record['id']}")

    def insert(self, record: Record, stored: float) -> int:
        """Add an event; returns its number."""
        number = number_of(record)
        while self._connection.execute(TAKEN, (number,)).fetchone():
            number += 1
        key = self._codes.key(signs_of(record["text"], self._country))
        row = (number, record["id"], stored, key, to_text(record))
        self._connection.execute("INSERT INTO events (number, id, stored, key, record) VALUES (?, ?, ?, ?, ?)", row)
        self._index(number, self._tokens(record, key, None))
        return number

    def correct(self, number: int, correction: Correction) -> None:
        """Add a correction; both the reading and the correction are found by searches."""
        record = self.record(number)
        before = self._tokens(record, *self._keys(number))
        key = self._codes.key(signs_of(correction.text, self._country))
        row = (number, correction.text, correction.latin, correction.who, correction.at)
        self._connection.execute("INSERT INTO corrections (number, text, latin, who, at) VALUES (?, ?, ?, ?, ?)", row)
        self._connection.execute("UPDATE events SET corrected_key = ? WHERE number = ?", (key, number))
        self._unindex(number, before)
        self._index(number, self._tokens(record, *self._keys(number)))

    def add_departure(self, number: int, left: Record) -> None:
        """Add the fields of the vehicle's departure, such as its direction."""
        record = self.record(number)
        keys = self._keys(number)
        changed = with_departure(record, left)
        self._connection.execute("UPDATE events SET record = ? WHERE number = ?", (to_text(changed), number))
        self._unindex(number, self._tokens(record, *keys))
        self._index(number, self._tokens(changed, *keys))

    def delete(self, numbers: Iterable[int]) -> None:
        """Delete events with all rows that belong to them, but not their images."""
        for number in numbers:
            self._unindex(number, self._tokens(self.record(number), *self._keys(number)))
            self._connection.execute("DELETE FROM events WHERE number = ?", (number,))

    def _keys(self, number: int) -> tuple[str, str | None]:
        key, corrected = self._connection.execute(
            "SELECT key, corrected_key FROM events WHERE number = ?", (number,)
        ).fetchone()
        return key, corrected

    def _tokens(self, record: Record, key: str, corrected: str | None) -> str:
        pieces = pieces_of(key) | pieces_of(corrected or "")
        facets = {facet_token(self._facet(kind, value)) for kind, value in facets_of(record)}
        return " ".join(sorted(pieces | facets))

    def _facet(self, kind: str, value: str) -> int:
        query = "SELECT facet FROM facets WHERE kind = ? AND value = ?"
        found = self._connection.execute(query, (kind, value)).fetchone()
        if found is None:
            added = self._connection.execute("INSERT INTO facets (kind, value) VALUES (?, ?)", (kind, value))
            return int(added.lastrowid or 0)
        return int(found[0])

    def _index(self, number: int, tokens: str) -> None:
        self._connection.execute("INSERT INTO pieces (rowid, tokens) VALUES (?, ?)", (number, tokens))

    def _unindex(self, number: int, tokens: str) -> None:
        row = (number, tokens)
        self._connection.execute("INSERT INTO pieces (pieces, rowid, tokens) VALUES ('delete', ?, ?)", row)


def to_text(record: Record) -> str:
    """JSON as stored; surrogates, as in some file names, become question marks."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(errors="replace").decode()
