"""Power cuts during an update."""

from pathlib import Path

import pytest
from tests.support.update_scenarios import cut_power

pytest.importorskip("tuf", reason="needs pip install 'lpr[update]'")


@pytest.mark.parametrize("cuts", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_one_working_model(cuts: int, tmp_path: Path) -> None:
    """Killed at any moment of an update, the old or the new models work, and the next update brings the new ones."""
    found = cut_power(tmp_path, cuts)
    assert len(found) == cuts
    assert sum(cut["was_killed"] for cut in found) >= cuts - 1
    assert {cut["release"] for cut in found} <= {1, 2}
    assert all(cut["works"] and cut["then"] == 2 and cut["then_works"] for cut in found)
