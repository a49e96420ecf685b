"""The measurement of searches at a centre."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import fill_centre, time_search
from tests.support.centre import missing_servers
from tests.support.time_search import KINDS, time_searches

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_servers()), reason=missing_servers() or "servers are there"),
]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that PostgreSQL's user may enter; the server has little memory, and there are few plates."""
    pytest.importorskip("psycopg")
    monkeypatch.setattr(time_search, "server_settings", lambda: "shared_buffers=32MB")
    monkeypatch.setattr(fill_centre, "PLATES", 300)
    with tempfile.TemporaryDirectory(prefix="lpr-search-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name) / "server"


def test_a_filling_that_was_stopped_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then every kind of search is timed, and the folder is used again as it is."""
    with monkeypatch.context() as patch:
        patch.setattr(fill_centre, "join_indexes", _stop)
        with pytest.raises(KeyboardInterrupt):
            time_searches(folder, 600, 1)
    result = time_searches(folder, 600, 1)
    assert (result["events"], result["months"]) == (600, 1)
    assert set(result["ms"]) == set(result["cpu_ms"]) == set(KINDS)
    assert result["found"]["plate"][0] > 0
    monkeypatch.setattr(time_search, "fill", _stop)
    assert time_searches(folder, 600, 1)["events"] == 600


def _stop(*_: object) -> None:
    raise KeyboardInterrupt
