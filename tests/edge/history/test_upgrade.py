"""Histories that an earlier lpr wrote."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.support.histories import BEGIN, NEPAL, event, history_of, ids

from lpr_edge.contract.base.errors import LprError
from lpr_edge.history import tables
from lpr_edge.history.access import HistoryAccess
from lpr_edge.history.entry import WAY, facets_of
from lpr_edge.history.schema import FILE, open_writer
from lpr_edge.history.store import History

NOW = BEGIN.timestamp()
SECOND = "PRAGMA user_version = 2"
FIRST = """
CREATE TABLE records (number INTEGER PRIMARY KEY REFERENCES events ON DELETE CASCADE, record TEXT NOT NULL);
INSERT INTO records SELECT number, record FROM events;
ALTER TABLE events DROP COLUMN record;
PRAGMA user_version = 1;
"""


def older_history(folder: Path, records: Iterable[dict[str, Any]], version: str = SECOND) -> HistoryAccess:
    """A history as an earlier lpr wrote it: without facets of direction and source together.

    Args:
        folder: of the history.
        records: of its events; the first one is corrected.
        version: statements that make the file one of that version.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "facets_of", lambda record: (each for each in facets_of(record) if each[0] != WAY))
        access = history_of(folder, records)
        access.correct("e1", "ना ३ च ५६७८", "Hari", NOW)
    with closing(sqlite3.connect(folder / FILE)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM facets WHERE kind = ?", (WAY,)).fetchone() == (0,)
        connection.executescript(version)
    return access


@pytest.mark.parametrize("version", [FIRST, SECOND], ids=["1", "2"])
def test_an_older_history_is_upgraded(tmp_path: Path, version: str) -> None:
    """Events and corrections of a file of each version are kept; it takes new events."""
    access = older_history(tmp_path, [event(1), event(2)], version)
    with pytest.raises(LprError, match="which upgrades it"):
        access.event("e1")
    history = History(tmp_path, NEPAL)
    history.add([(event(3), {})])
    history.close()
    assert ids(access) == ["e3", "e2", "e1"]
    assert ids(access, "na3cha5678") == ["e1"]
    found = access.event("e1")
    assert found is not None
    assert (found.record, found.text) == (event(1), "ना३च५६७८")


@pytest.mark.parametrize("version", [FIRST, SECOND], ids=["1", "2"])
def test_older_events_are_found_by_direction_and_source(tmp_path: Path, version: str) -> None:
    """Events with both are found by both at once, as new ones; others, or those with a strange direction, aren't."""
    kept = [
        event(1, direction="in"),
        event(2, direction="out"),
        event(3),
        event(4, direction=None),
        event(5, direction=7),
        event(6, direction="in", source="gate 2 é"),
        event(7, direction="in", source=""),
        event(8, direction="in"),
    ]
    access = older_history(tmp_path, kept, version)
    history = History(tmp_path, NEPAL)
    history.add([(event(9, direction="in"), {}), (event(3) | {"event": "left", "direction": "in"}, {})])
    history.merge()
    history.close()
    assert ids(access, direction="in", source="gate-1") == ["e9", "e8", "e3", "e1"]
    assert ids(access, direction="in", source="gate-1", text="5678") == ["e1"]
    assert ids(access, direction="out", source="gate-1") == ["e2"]
    assert ids(access, direction="in", source="gate 2 é") == ["e6"]
    assert ids(access, direction="out", source="gate 2 é") == []


def test_upgraded_events_leave_nothing_behind(tmp_path: Path) -> None:
    """Deleted events go from the index with the token that the upgrade gave them, and the index stays sound."""
    older_history(tmp_path, [event(number, direction="in") for number in range(1, 6)])
    history = History(tmp_path, NEPAL)
    assert history.drop_before(2 * NOW + 1e9) == 5
    history.close()
    with closing(open_writer(tmp_path / FILE)) as connection:
        assert connection.execute("SELECT * FROM facets").fetchall() == []
        connection.execute("INSERT INTO pieces (pieces) VALUES ('integrity-check')")
        connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab (main, pieces, row)")
        assert connection.execute("SELECT * FROM temp.terms").fetchall() == []


def test_an_unreadable_record_does_not_stop_the_upgrade(tmp_path: Path) -> None:
    """A record that is no JSON is passed over."""
    access = older_history(tmp_path, [event(1, direction="in"), event(2, direction="in")])
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("UPDATE events SET record = ? WHERE id = 'e2'", (json.dumps(event(2))[:-5],))
    History(tmp_path, NEPAL).close()
    assert ids(access, direction="in", source="gate-1") == ["e1"]


def test_a_damaged_older_history_is_read(tmp_path: Path) -> None:
    """Events of a damaged file of version 1 are carried into the new one."""
    access = older_history(tmp_path, [event(number) for number in range(500)], FIRST)
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 9 // 10])
    History(tmp_path, NEPAL).close()
    assert len(ids(access)) > 100
