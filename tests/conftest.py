"""Fixtures for every part's tests."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("lpr", deadline=None)  # a timing is never asserted
settings.load_profile("lpr")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return Path(__file__).resolve().parents[1]
