"""The harness that cuts parts of a centre adds rounds to what was done before."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import cuts
from tests.support.cuts import cuts_in, read_rounds


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Cuts that each round is asked for; a round makes them at once, and loses nothing."""
    asked: list[int] = []

    def run_cuts(_folder: Path, count: int, *_: Any) -> dict[str, Any]:
        asked.append(count)
        return {"cuts": {"device": count - 1, "broker": 1}, "lost": 0, "doubled": 0, "failures": []}

    monkeypatch.setattr(cuts, "run_cuts", run_cuts)
    monkeypatch.setattr(cuts, "missing_servers", lambda: "")
    return asked


def run(monkeypatch: pytest.MonkeyPatch, path: Path, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["cuts", "--results", str(path), *words])
    return cuts.main()


def test_rounds_are_added_until_there_are_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rounds: list[int]
) -> None:
    """Started again with a larger number, it makes only what is missing."""
    path = tmp_path / "cuts.jsonl"
    assert run(monkeypatch, path, "--cuts", "20", "--round", "15") == 0
    assert rounds == [15, 5]
    assert run(monkeypatch, path, "--cuts", "20") == 0
    assert run(monkeypatch, path, "--cuts", "30") == 0
    assert rounds == [15, 5, 10]
    assert cuts_in(read_rounds(path)) == 30


def test_a_loss_in_any_round_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rounds: list[int]) -> None:
    """The exit status is 1 though later rounds lose nothing."""
    path = tmp_path / "cuts.jsonl"
    path.write_text(json.dumps({"cuts": {"broker": 5}, "lost": 1, "doubled": 0, "failures": []}) + "\n")
    assert run(monkeypatch, path, "--cuts", "10") == 1
    assert rounds == [5]
