"""A list of plates in a file, for spreadsheets and text editors: `plate,name,action`."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.errors import LprError
from lpr_edge.grammar import Grammar
from lpr_edge.lists.nearby import Nearness, nearby
from lpr_edge.lists.writing import labels_key, plate_key, written_keys
from lpr_edge.reader import Reading

COLUMNS = ("plate", "name", "action")
ACTION = re.compile(r"[A-Za-z0-9_-]{0,40}")
HASH = re.compile(r"#[0-9a-f]{32}")
"""What stands in the place of a plate where only hashes are kept."""

Hide = Callable[[str], str]
"""Makes of a plate's key what may be kept of it: its hash, or itself."""


@dataclass(frozen=True)
class Entry:
    """A plate that is waited for."""

    plate: str
    """As the list writes it; its hash where only hashes are kept."""
    name: str
    action: str
    """A word that says what to do; empty to do nothing."""
    line: int


@dataclass(frozen=True)
class Match:
    """A listed plate that was seen."""

    entry: Entry
    edits: int
    """How many characters were read otherwise; 0 for an exact match."""


@dataclass(frozen=True)
class WatchList:
    """Listed plates by what identifies them."""

    entries: Mapping[str, Entry]
    grammar: Grammar
    hide: Hide
    odd: Sequence[int] = ()
    """Lines whose plate the grammar doesn't know: they match only a reading of just that text."""

    def find(self, reading: Reading, labels: Sequence[str], nearness: Nearness) -> Match | None:
        """The listed plate that a reading means; None where there is none, or more than one comes as near.

        Args:
            reading: as the votes have it.
            labels: of the reader's classes.
            nearness: how far a plate may be from what was read.
        """
        entry = self.entries.get(self.hide(plate_key(reading.text, self.grammar)))
        if entry or not nearness.edits:
            return Match(entry, 0) if entry else None
        found: dict[int, set[Entry]] = {}
        for text, edits in nearby(reading, labels, self.grammar, nearness):
            near = self.entries.get(self.hide(labels_key(text, self.grammar)))
            if near:
                found.setdefault(edits, set()).add(near)
        nearest = min(found, default=0)
        candidates = found.get(nearest, set())
        return Match(candidates.pop(), nearest) if len(candidates) == 1 else None


def read_list(path: Path, grammar: Grammar, hide: Hide | None = None) -> WatchList:
    """Read a list.

    Args:
        path: UTF-8 text with a header line; cells apart by commas, semicolons or tabs.
        grammar: of the country whose plates it holds.
        hide: makes the hashes, where only those are kept; then a plate may stand there as its hash.

    Raises:
        LprError: it can't be read, or a line of it is wrong.
    """
    entries: dict[str, Entry] = {}
    odd = []
    for line, cells in read_rows(path):
        keys, known = keys_of(cells["plate"], grammar, hide, f"{path}, line {line}")
        entry = Entry(keys[0] if hide else cells["plate"], cells["name"], cells["action"], line)
        odd += [] if known else [line]
        for key in keys:
            if key in entries:
                raise LprError(f"{path}, line {line}: the plate stands in line {entries[key].line} already: keep one")
            entries[key] = entry
    return WatchList(entries, grammar, hide or str, tuple(odd))


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The cells of `COLUMNS` in each line that has a plate, with the line's number.

    Raises:
        LprError: the file can't be read, or a line of it is wrong.
    """
    text = _read_text(path)
    header, _, _ = text.partition("\n")
    delimiter = next((sign for sign in ";\t" if sign in header), ",")
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
        if "plate" not in rows.fieldnames:
            raise LprError(f"{path} has no column `plate`: its first line must be {','.join(COLUMNS)}")
        for row in rows:
            cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
            _check(cells, None in row, f"{path}, line {rows.line_num}")
            if cells["plate"]:
                yield rows.line_num, cells
    except csv.Error as error:
        raise LprError(f"{path}, after line {rows.line_num}: {error}: write it as CSV") from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LprError(f"the list {path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LprError(f"the list {path} isn't UTF-8 text: save it as CSV, UTF-8") from error


def _check(cells: Mapping[str, str], too_many: bool, where: str) -> None:
    if too_many:
        raise LprError(f"{where} has more cells than the first line: put texts with commas in quotes")
    if not cells["plate"] and any(cells.values()):
        raise LprError(f"{where} has no plate")
    if not ACTION.fullmatch(cells["action"]):
        raise LprError(f"{where}: the action {cells['action']!r} must be one word of letters, digits, - and _")


def keys_of(plate: str, grammar: Grammar, hide: Hide | None, where: str) -> tuple[list[str], bool]:
    """What identifies a listed plate, and whether the grammar knows it; for the arguments see `read_list`.

    Raises:
        LprError: it is no plate.
    """
    if HASH.fullmatch(plate):
        if hide is None:
            raise LprError(f"{where} holds a hash: give --hash-plates, and --hash-key that it was made with")
        return [plate], True
    try:
        keys, known = written_keys(plate, grammar)
    except LprError as error:
        raise LprError(f"{where}: {'what stands there is no plate' if hide else error}") from error
    return [hide(key) if hide else key for key in keys], known
