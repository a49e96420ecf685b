import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_bench.accuracy.plate_changes import compare, format_comparison, read_previous_result, summarize_comparison
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.metrics import mcnemar


def result(*read: str | None, truth: str = "A10") -> dict[str, Any]:
    """A result of as many plates, each with its reading."""
    plates = [
        {"image": f"{i}.jpg", "plate": 0, "truth": truth, "read": text, "legible": "full", "kind": "own"}
        for i, text in enumerate(read)
    ]
    return {"kind": "own", "plates": plates}


def test_gained_and_lost_plates() -> None:
    """Each plate is in one group: read by both, gained, lost, or read by neither; missed plates count as wrong."""
    found = compare(result("A10", "A11", "A10", None, "X"), result("A10", "A10", "A1", "A1", "X"))
    assert (found.both, found.neither, found.count) == (1, 2, 5)
    assert [change.key for change in found.gained] == [("1.jpg", 0)]
    assert [(change.before, change.after) for change in found.lost] == [("A10", "A1")]
    assert [(change.before, change.after) for change in found.otherwise] == [(None, "A1")]
    summary = summarize_comparison(found)
    assert (summary["before"]["successes"], summary["after"]["successes"]) == (2, 2)
    assert "lost" in format_comparison(found, "other.json")


@pytest.mark.parametrize(("gained", "lost", "p"), [(0, 0, 1.0), (5, 0, 0.0625), (8, 2, 0.109375), (10, 1, 0.01171875)])
def test_mcnemar(gained: int, lost: int, p: float) -> None:
    """The exact two-sided binomial test on the plates that changed."""
    assert mcnemar(gained, lost) == pytest.approx(p)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_probability(gained: int, lost: int) -> None:
    """It lies in 0..1 and doesn't depend on which model is called the first."""
    assert 0 < mcnemar(gained, lost) <= 1
    assert mcnemar(gained, lost) == mcnemar(lost, gained)


def test_other_plates_cannot_be_compared() -> None:
    """Results of different photographs, or with changed labels, are refused: the difference would mean nothing."""
    with pytest.raises(LprError, match="different plates"):
        compare(result("A10"), result("A10", "A10"))
    with pytest.raises(LprError, match="different plates"):
        compare(result("A10"), result("A10", truth="A11"))


@pytest.mark.parametrize("text", ["", "{}", '{"plates": [{"image": "a.jpg"}]}'])
def test_what_is_no_result(tmp_path: Path, text: str) -> None:
    """A file of another kind, or of an lpr that didn't number plates, is refused with what to give."""
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(LprError, match=r"lpr-bench accuracy --json FILE wrote"):
        read_previous_result(path)
    with pytest.raises(LprError, match="can't be compared with"):
        read_previous_result(tmp_path / "missing.json")
    path.write_text(json.dumps(result("A10")))
    assert read_previous_result(path)["kind"] == "own"
