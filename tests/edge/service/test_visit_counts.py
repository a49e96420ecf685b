from pathlib import Path
from typing import Any

import pytest

from lpr_edge.service import visit_counts
from lpr_edge.service.visit_counts import VisitCounts


def event(number: int, kind: str = "plate", **others: Any) -> dict[str, Any]:
    return {"event": kind, "id": f"e{number}", "source": "gate"} | others


def test_who_is_inside_is_in_minus_out(tmp_path: Path) -> None:
    """Each visit counts once, by the direction that it had last; others are not counted; stays have a median."""
    counts = VisitCounts()
    for number, direction in enumerate(("in", "in", "out", "towards", None)):
        counts.count_event(event(number, direction=direction))
    counts.count_event(event(0, "left", direction="in", dwell_s=8.0))
    assert counts.snapshot() | {"day": ""} == {
        "day": "", "vehicles": 5, "in": 2, "out": 1, "inside": 1, "stay_s": {"median": 8, "longest": 8},
    }  # fmt: skip
    counts.count_event(event(1, "left", direction="out", dwell_s=4.0))
    counts.count_event(event(4, "left", direction="in", dwell_s=30.0))
    found = counts.snapshot()
    assert (found["in"], found["out"], found["inside"]) == (2, 2, 1)
    assert (found["vehicles"], found["stay_s"]) == (5, {"median": 8, "longest": 30})


def test_more_out_than_in_is_nobody_inside() -> None:
    """Who was inside before lpr began to count leaves without having come; the next one who comes is inside."""
    counts = VisitCounts()
    for number, direction in enumerate(("out", "out", "in")):
        counts.count_event(event(number, direction=direction))
    assert counts.snapshot()["inside"] == 1


def test_a_new_day_begins_with_those_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At midnight counts and stays begin at nothing, and who is inside stays; so does a restart, for each camera."""
    path = tmp_path / "state" / "counts.json"
    monkeypatch.setattr(visit_counts, "_today", lambda: "2026-03-01")
    counts = VisitCounts(path, ("gate", "yard"))
    counts.count_event(event(0, direction="in"))
    counts.count_event(event(1, direction="in", source="yard"))
    again = VisitCounts(path, ("gate", "yard"))
    assert again.snapshot() == counts.snapshot()
    assert {name: own["inside"] for name, own in again.snapshot()["cameras"].items()} == {"gate": 1, "yard": 1}
    monkeypatch.setattr(visit_counts, "_today", lambda: "2026-03-02")
    found = VisitCounts(path, ("gate",)).snapshot()
    assert (found["day"], found["vehicles"], found["in"], found["inside"]) == ("2026-03-02", 0, 0, 2)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"day": 1, "counts": {"": {"x": 1}}}', '{"counts": 3}'])
def test_a_broken_file_is_begun_again(tmp_path: Path, text: str) -> None:
    """A file that a crash cut off, or of another version, is no error; it holds figures alone, and no plate."""
    path = tmp_path / "counts.json"
    path.write_text(text, encoding="utf-8")
    counts = VisitCounts(path)
    counts.count_event(event(0, direction="in", text="A104", latin="A104"))
    assert counts.snapshot()["inside"] == 1
    assert VisitCounts(path).snapshot()["inside"] == 1
    assert "A104" not in path.read_text(encoding="utf-8")
