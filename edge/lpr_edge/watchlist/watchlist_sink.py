"""Add watch-list matches to events, and start their actions."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lpr_edge.contract.records import Record, Sighting
from lpr_edge.delivery.sink import Layer, Sink
from lpr_edge.watchlist.auto_reload import ReloadingWatchList
from lpr_edge.watchlist.fuzzy import FuzzyMatching
from lpr_edge.watchlist.watch_list import Match


class WatchListSink(Layer):
    """Adds `matched` to each event: the matching listed plate, or null."""

    def __init__(self, inner: Sink, watched: ReloadingWatchList, labels: Sequence[str], fuzzy: FuzzyMatching) -> None:
        """Wrap a sink.

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
        """Look an event up in the list, and pass it on."""
        if event is not None:
            match = self._watched.current.find(event.voted, self._labels, self._fuzzy)
            record = record | {"matched": match and match_record(match)}
        self.inner.write(record, event)

    def close(self) -> None:
        """Stop checking the list's file, and close the inner sink."""
        self._watched.close()
        self.inner.close()


def match_record(match: Match) -> dict[str, Any]:
    """The `matched` field of a record."""
    entry = match.entry
    return {"plate": entry.plate, "name": entry.name, "action": entry.action, "edits": match.edits}


class Action(Protocol):
    """An action on a match, which runs elsewhere and later: it must not block the loop."""

    def start(self, record: Record) -> None:
        """Start the action of the record's `matched`."""
        ...

    def start_closing(self) -> None:
        """Accept no more matches."""
        ...

    def close(self) -> None:
        """Finish at once."""
        ...


class ActionSink(Layer):
    """Starts actions once the event is stored and announced.

    Never from the outbox: what was asked for at a gate an hour ago must not be done now.
    """

    def __init__(self, inner: Sink, actions: Sequence[Action]) -> None:
        super().__init__(inner)
        self._actions = tuple(actions)

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Pass an event on, then start the actions of its match; not for a vehicle that has left."""
        self.inner.write(record, event)
        if event is not None and record["event"] == "plate" and (record.get("matched") or {}).get("action"):
            for action in self._actions:
                action.start(record)

    def close(self) -> None:
        """Close the actions while the sinks close."""
        for action in self._actions:
            action.start_closing()
        self.inner.close()
        for action in self._actions:
            action.close()


class MatchPublisher:
    """An action that calls a function, and is finished when it returns."""

    def __init__(self, publish: Callable[[Record], None]) -> None:
        self.start = publish

    def start_closing(self) -> None:
        """Do nothing: no action is pending."""

    def close(self) -> None:
        """Do nothing: no action is pending."""
