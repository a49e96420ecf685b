"""Events with what a watch list says of them, and what is done about it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lpr_edge.contract.records import Record, Sighting
from lpr_edge.delivery.sink import Layer, Sink
from lpr_edge.watchlist.auto_reload import ReloadingWatchList
from lpr_edge.watchlist.fuzzy import FuzzyMatching
from lpr_edge.watchlist.watch_list import Match


class WatchListSink(Layer):
    """Adds `matched` to each event: the listed plate that it is, or null."""

    def __init__(self, inner: Sink, watched: ReloadingWatchList, labels: Sequence[str], fuzzy: FuzzyMatching) -> None:
        """Lay a list over a sink.

        Args:
            inner: where events go on to.
            watched: the list.
            labels: of the reader's classes.
            fuzzy: how far a plate may be from what was read.
        """
        super().__init__(inner)
        self._watched = watched
        self._labels = labels
        self._fuzzy = fuzzy

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Look an event up, and pass it on."""
        if event is not None:
            match = self._watched.current.find(event.voted, self._labels, self._fuzzy)
            record = record | {"matched": match and match_record(match)}
        self.inner.write(record, event)

    def close(self) -> None:
        """Look after the file no longer."""
        self._watched.close()
        self.inner.close()


def match_record(match: Match) -> dict[str, Any]:
    """What a record says of a match."""
    entry = match.entry
    return {"plate": entry.plate, "name": entry.name, "action": entry.action, "edits": match.edits}


class Action(Protocol):
    """Does something about a match, elsewhere and later: none may keep the loop waiting."""

    def start(self, record: Record) -> None:
        """Begin; the record's `matched` says what is asked for."""
        ...

    def start_closing(self) -> None:
        """Take nothing more."""
        ...

    def close(self) -> None:
        """Be done at once."""
        ...


class ActionSink(Layer):
    """Acts on matches once the event is stored and announced.

    Never from the outbox: what was asked for at a gate an hour ago must not be done now.
    """

    def __init__(self, inner: Sink, actions: Sequence[Action]) -> None:
        super().__init__(inner)
        self._actions = tuple(actions)

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Pass an event on, then act where a list asks for it; not for a vehicle that has left."""
        self.inner.write(record, event)
        if event is not None and record["event"] == "plate" and (record.get("matched") or {}).get("action"):
            for action in self._actions:
                action.start(record)

    def close(self) -> None:
        """Let what is under way end while the sinks do."""
        for action in self._actions:
            action.start_closing()
        self.inner.close()
        for action in self._actions:
            action.close()


class MatchPublisher:
    """An action that is a function, done when it returns."""

    def __init__(self, tell: Callable[[Record], None]) -> None:
        self.start = tell

    def start_closing(self) -> None:
        """Nothing is ever under way."""

    def close(self) -> None:
        """Nothing is ever under way."""
