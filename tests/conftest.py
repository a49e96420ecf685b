"""Fixtures for every part's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from lpr_edge.base.log import LPR

settings.register_profile("lpr", deadline=None)  # a timing is never asserted
settings.load_profile("lpr")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _usual_volume() -> Iterator[None]:
    """`--quiet` or `--verbose` of one test's command isn't that of the next one's."""
    level = LPR.level
    yield
    LPR.setLevel(level)
