import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.records import frames_record, latency_record

from lpr_bench.app.cli import main
from lpr_bench.base.results import add_record, write_result
from lpr_bench.latency.comparison import NotComparableError, check_comparable, compare_records, trimmed_mean_of_medians
from lpr_bench.latency.statistics import paired_ratio, ratio_over_processes

TRIES = 20


def verdicts(a: dict[str, Any], b: dict[str, Any]) -> set[str]:
    return {change.verdict for change in compare_records(a, b)}


def test_equal_code_gives_no_alarm() -> None:
    """Of twenty comparisons of equal code with a real machine's noise, nineteen call nothing different."""
    silent = [verdicts(frames_record(n), frames_record(1000 + n)) == {"same"} for n in range(TRIES)]
    assert sum(silent) >= 19


def test_planted_slowdown_is_found() -> None:
    """Of twenty comparisons with a tenth planted, nineteen find it."""
    found = ["slower" in verdicts(frames_record(n), frames_record(1000 + n, slower=0.1)) for n in range(TRIES)]
    assert sum(found) >= 19


def test_a_gain_is_called_faster() -> None:
    """A fifth less is faster, and no regression."""
    assert verdicts(frames_record(1), frames_record(2, slower=-0.2)) == {"faster"}


def test_latency_of_networks_is_compared_case_by_case() -> None:
    """Each file, runtime and number of threads has a ratio of its own."""
    changes = compare_records(latency_record(1), latency_record(2, slower=0.2))
    assert [change.name for change in changes] == ["a.tflite in litert, 1 thread(s)", "a.tflite in litert, 2 thread(s)"]
    assert {change.verdict for change in changes} == {"slower"}


def test_invalid_cases_are_left_out() -> None:
    """A case that was too restless to be quoted has no ratio; the others have theirs."""
    restless = latency_record(2)
    restless["cases"][1]["faults"] = ["the middle half spans 40%"]
    assert len(compare_records(latency_record(1), restless)) == 1


def test_mixture_of_two_times_is_steady() -> None:
    """Half of the frames with a plate: the figure is the mean of both sorts, whatever the median jumps to."""
    assert trimmed_mean_of_medians([4.0, 6.0] * 20 + [4.0, 900.0], 2) == 5.0


def test_ratios_hold_what_is_true() -> None:
    """The intervals hold the true ratio, and are narrow where the noise is."""
    times = [2.0 + 0.01 * (n % 5) for n in range(40)]
    paired = paired_ratio(times, [1.0] * 40)
    assert paired.low <= 2.02 <= paired.high
    assert paired.high - paired.low < 0.05
    grouped = ratio_over_processes([1.0, 1.01, 0.99], [1.5, 1.515, 1.485], 0.95)
    assert grouped.low < 1.5 < grouped.high


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"environment": {"board": "B", "cpu": "made up", "cores": 4, "architecture": "aarch64"}}, "another board"),
        ({"threads": 4}, "another threads"),
        ({"models": [{"sha256": "2" * 64}]}, "--other-models"),
        ({"validity": {"valid": False, "invalid_because": ["the board throttled"]}}, "invalid .the board throttled"),
    ],
)
def test_what_cannot_be_compared_is_refused(change: dict[str, Any], said: str) -> None:
    """Another board, threads or models, and an invalid result, have no ratio."""
    with pytest.raises(NotComparableError, match=said):
        check_comparable(frames_record(1), {**frames_record(2), **change})


def test_other_models_if_told() -> None:
    """Two models are compared where that is what was asked for."""
    check_comparable(frames_record(1), {**frames_record(2), "models": [{"sha256": "2" * 64}]}, other_models=True)


@pytest.mark.parametrize(("slower", "status"), [(0.0, 0), (0.3, 1)])
def test_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str], slower: float, status: int) -> None:
    """The command prints every ratio, and its status is 1 on a regression alone."""
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path, record in zip(paths, (frames_record(1), frames_record(2, slower=slower)), strict=True):
        add_record(path, "Board A", record)
    assert main(["compare", *map(str, paths)]) == status
    assert capsys.readouterr().out.count("whole frame, plate in") == 3


def test_nothing_in_common(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files without a benchmark in common are refused in one line."""
    write_result(tmp_path / "a.json", frames_record(1))
    write_result(tmp_path / "b.json", latency_record(1))
    assert main(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 1
    assert "in common" in capsys.readouterr().err


def test_no_result_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that isn't a result, and one of an older lpr-bench, are named."""
    (tmp_path / "a.json").write_text("[]")
    (tmp_path / "b.json").write_text(json.dumps({"format": 1, "benchmark": "latency"}))
    assert main(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 1
    assert "is no result of lpr-bench" in capsys.readouterr().err
    assert main(["compare", str(tmp_path / "b.json"), str(tmp_path / "b.json")]) == 1
    assert "measure again" in capsys.readouterr().err


def test_no_series_in_common(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same benchmark of other shares or cases gives no ratio: an error that names both, not an empty table."""
    others = frames_record(2)
    others["shares"] = [share for share in others["shares"] if share["share_with_plate"] == 1.0]
    mine = frames_record(1)
    mine["shares"] = mine["shares"][:1]
    write_result(tmp_path / "a.json", mine)
    write_result(tmp_path / "b.json", others)
    assert main(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "no series in common: A has whole frame, plate in 0%; B has whole frame, plate in 100%" in err


def test_a_verdict_by_hand_is_not_believed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`"valid": true` over restless frames, too few of them, a busy machine or values that are gone: refused."""
    write_result(tmp_path / "a.json", frames_record(1))
    restless, few, busy, gone = (frames_record(n) for n in range(2, 6))
    for process in restless["shares"][0]["processes"]:
        process["whole"] = [value * (1 + n % 7) for n, value in enumerate(process["whole"])]
    few["shares"][0]["processes"] = few["shares"][0]["processes"][:1]
    state = {"throttled": 0, "temperature_celsius": 50.0}
    load = {"other_cores": 0.6, "stolen_cores": 0.0, "busy_processes": []}
    busy["machine"] = {"during": load, "state_before": state, "state_after": state}
    del gone["shares"][0]["processes"]
    said = ("the middle half spans", "60 frames are too few", "others used 0.60 cores", "can't be checked")
    for record, reason in zip((restless, few, busy, gone), said, strict=True):
        write_result(tmp_path / "b.json", record)
        assert main(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 1
        assert reason in capsys.readouterr().err


def test_a_restless_reference_spoils_latencies() -> None:
    """Its raw values are looked at, not its empty list of faults."""
    record = latency_record(1)
    case = record["cases"][0]
    case["raw_ms"] = [[value * (1 + n % 5) for n, value in enumerate(values)] for values in case["raw_ms"]]
    with pytest.raises(NotComparableError, match=r"the latency of B are invalid .*the middle half spans"):
        check_comparable(latency_record(1), record)


def test_a_restless_case_is_left_out_by_its_values() -> None:
    """A case whose list of faults was emptied has no ratio either."""
    record = latency_record(2)
    record["cases"][1]["raw_ms"] = [values[:3] for values in record["cases"][1]["raw_ms"]]
    assert [change.name for change in compare_records(latency_record(1), record)] == ["a.tflite in litert, 1 thread(s)"]
