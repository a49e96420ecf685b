import json
from pathlib import Path

import pytest

from lpr_bench.base.results import FORMAT_VERSION, write_result
from lpr_bench.base.tables import format_share
from lpr_bench.latency.statistics import summarize_ms
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.metrics import share
from lpr_export.report.text_table import format_table


def test_percentiles() -> None:
    """Percentiles lie where their definition says, in the unit that went in."""
    figures = summarize_ms([float(value) for value in range(101)])
    assert {name: figures[name] for name in ("min", "p50", "p90", "p95", "p99", "max", "mean")} == {
        "min": 0,
        "p50": 50,
        "p90": 90,
        "p95": 95,
        "p99": 99,
        "max": 100,
        "mean": 50,
    }


def test_percentiles_of_nothing() -> None:
    """Nothing measured is an error, not a figure."""
    with pytest.raises(ValueError, match="nothing was measured"):
        summarize_ms([])


def test_result_is_written_whole(tmp_path: Path) -> None:
    """A result is JSON with its format's version, in folders made as needed, and leaves no half-written file."""
    path = tmp_path / "results" / "board.json"
    write_result(path, {"board": "पाई"})
    assert json.loads(path.read_text(encoding="utf-8")) == {"format": FORMAT_VERSION, "board": "पाई"}
    assert [file.name for file in path.parent.iterdir()] == ["board.json"]


def test_result_that_cannot_be_written(tmp_path: Path) -> None:
    """A place that can't be written is named, with what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LprError, match=r"can't write .*board.json: .* --json FILE"):
        write_result(tmp_path / "file" / "board.json", {})


def test_share_carries_its_interval() -> None:
    """A share in a file has its counts and interval; the share of nothing is null."""
    assert share(8, 10)["value"] == 0.8
    assert share(8, 10)["interval"] == pytest.approx([0.490, 0.943], abs=1e-3)  # Wilson 1927, z = 1.96
    assert share(0, 0)["value"] is None


def test_table_columns_line_up() -> None:
    """The first column stands to the left, the others to the right, under their heads."""
    table = format_table(["name", "value"], [["a", "1"], ["longer", "22"]])
    assert table.splitlines() == ["name    value", "a           1", "longer     22"]


def test_share_of_nothing_is_a_dash() -> None:
    """A table shows a dash where nothing was counted."""
    assert format_share(0, 0) == "–"
