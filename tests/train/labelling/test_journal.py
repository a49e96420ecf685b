"""The journal of a labelling session."""

import os
from pathlib import Path

import pytest

from lpr_edge.contract.base.errors import DataError, LprError
from lpr_train.labelling.journal import Journal, State, read_changes


def state(text: str) -> State:
    return {"plates": [{"rows": [text]}], "done": True}


def test_every_change_is_found_again(tmp_path: Path) -> None:
    """The next session has the latest states, and can undo what an earlier one did."""
    path = tmp_path / "part.jsonl"
    journal = Journal(path)
    journal.save("a.jpg", state("A1"))
    journal.save("a.jpg", state("A2"))
    journal.save("b.jpg", state("B1"))
    journal.close()
    again = Journal(path)
    assert again.states == {"a.jpg": state("A2"), "b.jpg": state("B1")}
    assert [again.undo() for _ in range(2)] == ["b.jpg", "a.jpg"]
    again.close()
    last = Journal(path)
    assert last.states == {"a.jpg": state("A1")}
    assert [last.undo(), last.undo()] == ["a.jpg", None]
    assert read_changes(path)[0].states == last.states == {}
    last.close()


def test_a_torn_line_loses_that_change_alone(tmp_path: Path) -> None:
    """Cut off anywhere, the file gives every change before, and the next one is whole."""
    path = tmp_path / "part.jsonl"
    journal = Journal(path)
    for name in ("a.jpg", "b.jpg"):
        journal.save(name, state(name))
    journal.close()
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for size in range(first, len(whole)):
        path.write_bytes(whole[:size])
        torn = Journal(path)
        assert list(torn.states) == ["a.jpg"]
        torn.save("c.jpg", state("c"))
        torn.close()
        assert list(read_changes(path)[0].states) == ["a.jpg", "c.jpg"]


def test_a_change_that_the_disk_refuses_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk raises, and neither file nor state has half of the change."""
    path = tmp_path / "part.jsonl"
    journal = Journal(path)
    journal.save("a.jpg", state("A1"))

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        for act in (lambda: journal.save("a.jpg", state("A2")), journal.undo):
            with pytest.raises(OSError, match="No space"):
                act()
    assert journal.states == {"a.jpg": state("A1")}
    assert read_changes(path)[0].states == journal.states
    journal.close()


def test_two_programs_cannot_write_one_journal(tmp_path: Path) -> None:
    """The second is told to take another part."""
    journal = Journal(tmp_path / "part.jsonl")
    with pytest.raises(LprError, match=r"is open already: end the other lpr-train label, or give --part"):
        Journal(tmp_path / "part.jsonl")
    journal.close()


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    """A line in the middle that is none is an error with its number: nothing is dropped in silence."""
    path = tmp_path / "part.jsonl"
    path.write_text('{"image": "a.jpg", "state": {"plates": [], "done": true}}\nnonsense\n')
    with pytest.raises(DataError, match="line 2 is damaged"):
        Journal(path)
