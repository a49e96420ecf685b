import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.support.records import ENVIRONMENT, frames_record, latency_record

from lpr_bench.app.cli import main
from lpr_bench.base.results import add_record, write_result
from lpr_bench.roofline.known_networks import BOARDS
from lpr_edge.contract.metrics import share

INVALID = {"valid": False, "invalid_because": ["the board throttled"]}


def limits_record() -> dict[str, Any]:
    network = {"file": "a.tflite", "multiply_adds": 1e8, "bytes_moved": 1e6, "ms": 1.0}
    return {
        "benchmark": "limits",
        "environment": ENVIRONMENT,
        "peaks": {"int8": {"multiply_adds_a_second": 4e11}},
        "networks": [{**network, "multiply_adds_a_second": 1e11, "share_of_peak": 0.25}],
        "profile": {"steps_ms": {"network": 3.0, "between": 0.1, "whole": 3.1}},
        "bars": [{"bar": "tail", "value": 1.5, "limit": 2.0, "at_least": False, "reached": True}],
        "validity": {"valid": True, "invalid_because": []},
    }


def accuracy_record() -> dict[str, Any]:
    reading = {"exact_match": share(40, 60)}
    model = {"file": "a.tflite", "sha256": "1" * 64}
    return {"benchmark": "accuracy", "data": "plates", "split": "test", "reading": reading, "models": [model]}


def parity_record() -> dict[str, Any]:
    integers = {"kind": "reader", "integers": 100, "equal": 90, "one_step": 8, "more": 2, "most_steps": 3.0}
    texts = {"pictures": 20, "same": 19}
    runtime = {"runtime": "tflite", "version": "2.14", "integers": [integers], "texts": texts}
    inputs = [{"kind": "reader", "integers": 200, "equal": 199}, {"kind": "detector", "integers": 0, "equal": 0}]
    validity = {"valid": True, "invalid_because": []}
    parity = {"reference": "litert here", "runtimes": [runtime], "inputs": inputs, "validity": validity}
    return {"benchmark": "parity", **parity}


def stress_record() -> dict[str, Any]:
    sample = {"frames_per_second": 20.0, "temperature_celsius": 60.0, "memory_mb": None}
    samples = [{"at_s": 10.0 * n, **sample} for n in range(4)]
    return {"benchmark": "stress", "samples": samples, "end_beside_start": 1.1, "validity": INVALID}


@pytest.fixture
def report(tmp_path: Path) -> str:
    """The page of two boards, one of which throttled."""
    for record in (frames_record(1), latency_record(1), limits_record(), parity_record(), stress_record()):
        add_record(tmp_path / "a.json", "Board A", record)
    throttled = {**frames_record(2, board="Board B"), "validity": INVALID}
    add_record(tmp_path / "b.json", "Board B", throttled)
    write_result(tmp_path / "accuracy.json", accuracy_record())
    files = [str(tmp_path / name) for name in ("a.json", "b.json", "accuracy.json")]
    assert main(["report", *files, "--out", str(tmp_path / "out")]) == 0
    return (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_page_holds_all_sections(report: str) -> None:
    """Every benchmark has its section, with a table or a plot, and all boards stand side by side."""
    found = re.findall("<h2>([^<]+)</h2>", report)
    assert [name.split()[0] for name in found] == ["Whole", "Networks,", "Accuracy", "Parity", "How", "Under"]
    assert report.count("<svg") == 6
    assert {"Board A", "Board B"} <= set(re.findall(r"<td>(Board \w)</td>", report))
    assert "66.7%" in report


def test_parity_is_told_apart(report: str, tmp_path: Path) -> None:
    """The page tells equal inputs from equal integers; of an invalid parity it marks each row and draws nothing."""
    assert "made here of the same pictures: reader 99.50%." in report
    add_record(tmp_path / "c.json", "Board C", {**parity_record(), "validity": INVALID})
    assert main(["report", str(tmp_path / "c.json"), "--out", str(tmp_path / "c")]) == 0
    page = (tmp_path / "c" / "report.html").read_text(encoding="utf-8")
    assert '<tr class="invalid"><td>tflite 2.14</td>' in page
    assert "<svg" not in page


def test_page_needs_nothing_from_elsewhere(report: str) -> None:
    """The page is one file: no script, and nothing that is loaded."""
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\((?!#)", report)


def test_invalid_results_are_marked(report: str) -> None:
    """No figure of an invalid result stands without the word, in tables and in plots."""
    (row,) = re.findall(r'<tr class="invalid">.*?</tr>', report)
    assert "Board B" in row
    assert "<td>INVALID</td>" in row
    assert "Board B (INVALID)" in report
    assert "INVALID: the board throttled" in report


@pytest.mark.usefixtures("report")
def test_plots_are_files_too(tmp_path: Path) -> None:
    """A plot that people quote is a picture by itself, and marks an invalid result as the page does."""
    picture = ElementTree.parse(tmp_path / "out" / "frames.svg").getroot()
    assert picture.tag.endswith("svg")
    assert {"Board A", "Board B (INVALID)"} <= set(picture.itertext())


def test_projection_is_marked(report: str, tmp_path: Path) -> None:
    """The page of projections says so in its title, its tables and its plot, and states its error."""
    page = (tmp_path / "out" / "projection.html").read_text(encoding="utf-8")
    assert "<title>PROJECTION" in page
    assert page.count("PROJECTED") > len(BOARDS)
    assert "At worst the projection is off by a factor of" in page
    assert "PROJECT" not in report


def test_nothing_to_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without any result there is no empty page but one line."""
    monkeypatch.chdir(tmp_path)
    assert main(["report"]) == 1
    assert "run lpr-bench first" in capsys.readouterr().err
