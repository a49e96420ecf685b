"""`--hash-list`: a watch list with hashes instead of plates, which may be stored openly."""

import csv
from pathlib import Path
from typing import TextIO

from lpr_edge.text.grammar import Grammar
from lpr_edge.watchlist.watch_list import COLUMNS, WILDCARD, Hide, keys_of, read_rows, read_wildcard


def write_hashed_list(path: Path, grammar: Grammar, hide: Hide, stream: TextIO) -> None:
    """Write a list with each plate replaced by its hash.

    Args:
        path: the list.
        grammar: of the country whose plates it holds.
        hide: makes the hashes.
        stream: where to.

    Raises:
        LprError: the list can't be read, or a line of it is wrong; nothing is written then.
    """
    rows: list[tuple[str, ...]] = [COLUMNS]
    for line, cells in read_rows(path):
        if cells["match"] == WILDCARD:
            read_wildcard(cells["plate"], grammar, hide, f"{path}, line {line}")
        keys, _ = keys_of(cells["plate"], grammar, hide, f"{path}, line {line}")
        rows += [(key, cells["name"], cells["action"]) for key in keys]
    csv.writer(stream, lineterminator="\n").writerows(rows)
