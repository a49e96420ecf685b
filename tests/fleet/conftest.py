import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fleet.fakes import event
from tests.support.centre import Postgres

from lpr_edge.contract.records import Record
from lpr_fleet.search.plate_key import PlateKeys, plate_keys


@pytest.fixture(scope="session")
def keys() -> PlateKeys:
    """Nepal's search keys."""
    return plate_keys("nepal")


@pytest.fixture
def record() -> Record:
    """An event's message."""
    return event(1)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the servers' users may enter; pytest closes its own to all others."""
    with tempfile.TemporaryDirectory(prefix="lpr-centre-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[Postgres]:
    pytest.importorskip("psycopg")
    server = Postgres(folder / "postgres")
    yield server
    server.stop()
