"""The pages of the documentation."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.extension import imported_from, install_example

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")])


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """README and each page of docs/, one after the other; that about extensions where its package is installed."""
    path: Path = request.param
    if path.name == "extending.md":
        with imported_from(install_example(REPOSITORY, tmp_path)):
            yield path
    else:
        yield path
