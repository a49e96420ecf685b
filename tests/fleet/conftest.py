import pytest
from tests.fleet.fakes import event

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
