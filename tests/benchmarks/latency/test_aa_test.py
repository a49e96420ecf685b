from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.support.records import frames_record

from lpr_bench.app.cli import main
from lpr_bench.base.results import read_records
from lpr_bench.latency import run_aa_test


@pytest.mark.parametrize(("truly_planted", "status"), [(True, 0), (False, 1)])
def test_trials_count_what_compare_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    truly_planted: bool,
    status: int,
) -> None:
    """Tries are counted as silent on equal code and as found where it was slowed down; too few found is status 1."""
    seeds = count()

    def measure(processes: int, slowdown: float) -> dict[str, Any]:
        return frames_record(next(seeds), slowdown if truly_planted else 0.0, processes=processes)

    monkeypatch.setattr(run_aa_test, "_measure", measure)
    path = tmp_path / "trials.json"
    assert main(["trials", "--tries", "3", "--planted", "0.2", "--json", str(path)]) == status
    (record,) = read_records(path)
    assert (record["silent_on_equal_code"], record["found_planted"]) == (3, 3 if truly_planted else 0)
    assert f"20% planted: found in {record['found_planted']} of 3 tries" in capsys.readouterr().out
