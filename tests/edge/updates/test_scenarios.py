"""What a device does with updates that it shouldn't take."""

from pathlib import Path

import pytest
from tests.support.update_scenarios import RECOVERED, REFUSED, play

pytest.importorskip("tuf", reason="needs pip install 'lpr[update]'")


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    """An update that isn't signed, new, whole and right on this machine is refused with its reason; release 1 works on.

    In the rollback alone release 2 had come before, and stays.
    """
    scenario, wanted = REFUSED[name]
    outcome = play(scenario, tmp_path)
    assert wanted in outcome.said
    assert outcome.release == (2 if name == "rollback" else 1)
    assert outcome.works


@pytest.mark.parametrize("name", RECOVERED)
def test_recovered(name: str, tmp_path: Path) -> None:
    """A release that doesn't start, or reads with less confidence, gives way to the one before it."""
    scenario, wanted = RECOVERED[name]
    outcome = play(scenario, tmp_path)
    assert wanted in outcome.said
    assert (outcome.release, outcome.works) == (1, True)
