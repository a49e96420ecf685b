"""A list of plates in a file, for spreadsheets and text editors: `plate,name,action`, and `match` if wanted."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import read_text
from lpr_edge.contract.records import ReadText
from lpr_edge.contract.rows import labels_of
from lpr_edge.text.grammar import Grammar
from lpr_edge.watchlist.fuzzy import FuzzyMatching, fuzzy_variants
from lpr_edge.watchlist.plate_spelling import check_signs, labels_key, plate_key, written_keys
from lpr_edge.watchlist.wildcard import Wildcard

COLUMNS = ("plate", "name", "action")
CELLS = (*COLUMNS, "match")
EXACT = "exact"
WILDCARD = "wildcard"
"""In the column `match`: the plate's `?` and `*` stand for one character and for any number of them."""
ACTION = re.compile(r"[A-Za-z0-9_-]{0,40}")
SEP = re.compile(r"sep=(.)\n", re.IGNORECASE)
"""A first line by which Excel says what stands between cells."""
HASH = re.compile(r"#[0-9a-f]{32}")
"""What stands in the place of a plate where only hashes are kept."""

Hide = Callable[[str], str]
"""Converts a plate's key to its stored form: its hash, or the key itself."""


@dataclass(frozen=True)
class Entry:
    """A line of a watch list."""

    plate: str
    """As the list writes it; its hash where only hashes are kept."""
    name: str
    action: str
    """A word that says what to do; empty to do nothing."""
    line: int


@dataclass(frozen=True)
class Match:
    """A listed plate that was read."""

    entry: Entry
    edits: int
    """How many characters were read otherwise; 0 for an exact match."""


@dataclass(frozen=True)
class WatchList:
    """Listed plates by key."""

    entries: Mapping[str, Entry]
    grammar: Grammar
    hide: Hide
    wildcards: Sequence[tuple[Wildcard, Entry]] = ()
    """In the order of the list."""
    odd: Sequence[int] = ()
    """Lines whose plate the grammar doesn't know: they match only a reading of just that text."""

    @property
    def count(self) -> int:
        """Number of plates, with and without wildcards."""
        return len(self.entries) + len(self.wildcards)

    def find(self, reading: ReadText, labels: Sequence[str], fuzzy: FuzzyMatching) -> Match | None:
        """Find the listed plate that a reading matches; None without a match, or if several are equally close.

        A plate that is listed as it stands comes before wildcards, and those before plates that differ.

        Args:
            reading: as the votes have it.
            labels: of the reader's classes.
            fuzzy: how far a plate may be from what was read.
        """
        entry = self.entries.get(self.hide(plate_key(reading.text, self.grammar))) or self._find_wildcard(reading)
        if entry or not fuzzy.edits:
            return Match(entry, 0) if entry else None
        found: dict[int, set[Entry]] = {}
        for text, edits in fuzzy_variants(reading, labels, self.grammar, fuzzy):
            near = self.entries.get(self.hide(labels_key(text, self.grammar)))
            if near:
                found.setdefault(edits, set()).add(near)
        nearest = min(found, default=0)
        candidates = found.get(nearest, set())
        return Match(candidates.pop(), nearest) if len(candidates) == 1 else None

    def _find_wildcard(self, reading: ReadText) -> Entry | None:
        """The first wildcard line that matches; wildcards never match an invalid reading."""
        labels = tuple(labels_of(reading.characters))
        return next((entry for wildcard, entry in self.wildcards if wildcard.fits(labels)), None)


def read_list(
    path: Path, grammar: Grammar, hide: Hide | None = None, allow_wildcard_actions: bool = False
) -> WatchList:
    """Read a list.

    Args:
        path: text in UTF-8, or in UTF-16 with its mark, with a header line; cells apart by commas, semicolons or tabs.
        grammar: of the country whose plates it holds.
        hide: makes the hashes, where only those are kept; then a plate may stand there as its hash.
        allow_wildcard_actions: whether a line with wildcards may ask for an action.

    Raises:
        LprError: it can't be read, or a line of it is wrong.
    """
    entries: dict[str, Entry] = {}
    wildcards: list[tuple[Wildcard, Entry]] = []
    odd = []
    for line, cells in read_rows(path):
        where = f"{path}, line {line}"
        if cells["match"] == WILDCARD:
            if cells["action"] and not allow_wildcard_actions:
                raise LprError(
                    f"{where}: a wildcard means many vehicles, and has the action {cells['action']!r}:"
                    " leave the action out, or give --list-wildcard-actions"
                )
            wildcard = read_wildcard(cells["plate"], grammar, hide, where)
            wildcards.append((wildcard, Entry(cells["plate"], cells["name"], cells["action"], line)))
            odd += [] if wildcard.is_possible else [line]
            continue
        keys, known = keys_of(cells["plate"], grammar, hide, where)
        entry = Entry(keys[0] if hide else cells["plate"], cells["name"], cells["action"], line)
        odd += [] if known else [line]
        for key in keys:
            if key in entries:
                raise LprError(f"{where}: the plate is already in line {entries[key].line}: keep one")
            entries[key] = entry
    return WatchList(entries, grammar, hide or str, tuple(wildcards), tuple(odd))


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Read the cells of `COLUMNS` in each line that has a plate, with the line's number.

    Raises:
        LprError: the file can't be read, or a line of it is wrong.
    """
    text, delimiter, skipped = split_dialect(_read_text(path))
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
        if "plate" not in rows.fieldnames:
            raise LprError(f"{path} has no column `plate`: its first line must be {','.join(COLUMNS)}")
        for row in rows:
            cells = {column: (row.get(column) or "").strip() for column in CELLS}
            line = rows.line_num + skipped
            _check(cells, None in row, f"{path}, line {line}")
            if cells["plate"]:
                yield line, cells
    except csv.Error as error:
        raise LprError(f"{path}, after line {rows.line_num + skipped}: {error}: write it as CSV") from error


def split_dialect(text: str) -> tuple[str, str, int]:
    """Detect a list's CSV dialect: header, rows, delimiter, and the number of lines above the header."""
    first = SEP.match(text)
    if first:
        return text[first.end() :], first[1], 1
    header, _, _ = text.partition("\n")
    return text, next((sign for sign in ";\t" if sign in header), ","), 0


def _read_text(path: Path) -> str:
    try:
        return read_text(path)
    except OSError as error:
        raise LprError(f"the list {path} can't be read: {error.strerror}") from error


def _check(cells: Mapping[str, str], too_many: bool, location: str) -> None:
    if too_many:
        raise LprError(f"{location} has more cells than the first line: put texts with commas in quotes")
    for column, text in cells.items():
        strange = next((sign for sign in text if unicodedata.category(sign) == "Cc" and sign not in "\t\n"), None)
        if strange is not None:
            raise LprError(f"{location}: the {column} holds the control character {strange!r}: leave it out")
    if cells["match"] not in ("", EXACT, WILDCARD):
        raise LprError(
            f"{location}: the match {cells['match']!r} must be `{EXACT}` or `{WILDCARD}`; empty is `{EXACT}`"
        )
    if not cells["plate"] and any(cells.values()):
        raise LprError(f"{location} has no plate")
    if not ACTION.fullmatch(cells["action"]):
        raise LprError(f"{location}: the action {cells['action']!r} must be one word of letters, digits, - and _")


def keys_of(plate: str, grammar: Grammar, hide: Hide | None, location: str) -> tuple[list[str], bool]:
    """Keys of a listed plate, and whether the grammar allows it; for the arguments see `read_list`.

    Raises:
        LprError: it is no plate.
    """
    if HASH.fullmatch(plate):
        if hide is None:
            raise LprError(f"{location} contains a hash: give --hash-plates, and the --hash-key with which it was made")
        return [plate], True
    try:
        check_signs(plate, grammar.country)
    except LprError as error:  # shows one sign, not the plate
        raise LprError(f"{location}: {error}") from error
    try:
        keys, known = written_keys(plate, grammar)
    except LprError as error:
        raise LprError(f"{location}: {'what stands there is no plate' if hide else error}") from error
    return [hide(key) if hide else key for key in keys], known


def read_wildcard(plate: str, grammar: Grammar, hide: Hide | None, location: str) -> Wildcard:
    """Parse a listed plate with wildcards; for the arguments see `keys_of`.

    Raises:
        LprError: it is none, or only hashes are kept.
    """
    if hide is not None:
        raise LprError(f"{location}: a wildcard has no hash: list each plate, or leave --hash-plates out")
    try:
        return Wildcard(plate, grammar)
    except LprError as error:
        raise LprError(f"{location}: {error}") from error
