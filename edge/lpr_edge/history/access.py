"""Thread-safe access to the history: searches, single events, images and corrections."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lpr_edge.contract.records import Record
from lpr_edge.history.entry import Correction
from lpr_edge.history.pictures import PictureFolder
from lpr_edge.history.schema import FILE, open_reader
from lpr_edge.history.search import HistoryEvent, Page, Search, SearchFilter
from lpr_edge.history.signs import is_hashed
from lpr_edge.history.store import History
from lpr_edge.text.grammar import Grammar
from lpr_edge.watchlist.plate_spelling import written_plate

if TYPE_CHECKING:
    from lpr_edge.contract.base.arrays import Image


Keep = Callable[[Record, str, "Image", float], None]
"""Takes an event's record, its corrected text, its picture and this picture's scale."""


@dataclass(frozen=True)
class HistoryAccess:
    """A history's folder; each call opens the file for itself, so that no call waits for another one."""

    folder: Path
    grammar: Grammar
    hide: Callable[[str], str] | None = None
    """Makes the hash of a plate, where hashes are stored; a plate is then found only as a whole."""
    keep: Keep | None = None
    """Keeps corrected events for training, where examples are collected."""

    @contextmanager
    def searching(self) -> Iterator[Search]:
        """The search.

        Raises:
            LprError: there is no history, or it can't be read.
        """
        with closing(open_reader(self.folder / FILE)) as connection:
            yield Search(connection, self.grammar.country)

    def page(self, search_filter: SearchFilter, before: int | None = None, limit: int = 50) -> Page:
        """One page of a search, see `Search.page`."""
        with self.searching() as search:
            return search.page(self.hidden(search_filter), before, limit)

    def event(self, event_id: str) -> HistoryEvent | None:
        """An event by its id; None where there is none."""
        with self.searching() as search:
            return search.event(event_id)

    def choices(self) -> dict[str, list[str]]:
        """The values that can be filtered by, see `Search.choices`."""
        with self.searching() as search:
            return search.choices()

    def picture(self, event_id: str, name: str) -> bytes | None:
        """An event's `frame` or `plate` as a JPEG; None without one, or after its deletion."""
        found = self.event(event_id)
        return PictureFolder(self.folder / "pictures").read(found.number, name) if found else None

    def hidden(self, search_filter: SearchFilter) -> SearchFilter:
        """Replace the plate of a search by its hash if hashes are stored."""
        if self.hide is None or not search_filter.text.strip():
            return search_filter
        text = (
            search_filter.text
            if is_hashed(search_filter.text)
            else self.hide(written_plate(search_filter.text, self.grammar)[0])
        )
        return replace(search_filter, text=text, exact=True)

    def correct(self, event_id: str, text: str, who: str, at: float) -> HistoryEvent | None:
        """Store a person's correction; returns the event, None if there is none.

        Args:
            event_id: of the event.
            text: the plate, in either script.
            who: who says so.
            at: when, in seconds since 1970.

        Raises:
            LprError: no plate can say that, or the history can't be written.
        """
        plate, latin = written_plate(text, self.grammar)
        if self.hide is not None:
            plate = latin = self.hide(plate)
        with self.searching():  # there is a history, and this lpr can read it
            pass
        history = History(self.folder, self.grammar.country)
        try:
            history.correct(event_id, Correction(plate, latin, who, at))
        finally:
            history.close()
        found = self.event(event_id)
        if found and self.keep and (frame := PictureFolder(self.folder / "pictures").read_frame(found.number)):
            self.keep(found.record, plate, *frame)
        return found
