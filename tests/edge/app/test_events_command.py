import json
from pathlib import Path

import pytest
from tests.support.histories import event, history_of

from lpr_edge.app.cli import main

RECORDS = [event(1), event(2, "ना३च५६७८", source="=HYPERLINK(1)"), event(60 * 24)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TZ", "UTC")
    history_of(tmp_path / "history", RECORDS, {"plate": b"jpeg"})
    return tmp_path / "history"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_search_prints_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Events come newest first, one object a line; status 1 where there is none; `--before` goes on."""
    assert main(["events", "search", "1234", "--history-folder", str(folder)]) == 0
    assert [line["id"] for line in lines(capsys)] == ["e1440", "e1"]
    day = ["--since", "2026-03-01", "--until", "2026-03-01"]
    assert main(["events", "search", "--history-folder", str(folder), *day, "--limit", "1"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["id"] == "e2"
    before = err.split("--before ")[1].split()[0]
    assert main(["events", "search", "--history-folder", str(folder), *day, "--before", before]) == 0
    assert [line["id"] for line in lines(capsys)] == ["e1"]
    assert main(["events", "search", "9999", "--history-folder", str(folder)]) == 1


def test_correct_and_show(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A correction is kept with its author, and shown with the event and its pictures."""
    flags = ["--history-folder", str(folder)]
    assert main(["events", "correct", "e1", "ba 1 pa 7", "--who", "Sita", *flags]) == 0
    assert main(["events", "show", "e1", "--pictures", str(tmp_path / "out"), *flags]) == 0
    shown = lines(capsys)[-1]
    assert shown["text"] == "बा१प१२३४"
    assert [(each["text"], each["who"]) for each in shown["corrections"]] == [("बा१प७", "Sita")]  # type: ignore[attr-defined]
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [b"jpeg"]
    assert main(["events", "show", "e9", *flags]) == 1
    assert "no event e9" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_a_day_is_exported(folder: Path, tmp_path: Path, kind: str) -> None:
    """A day's events become a table whose texts no spreadsheet takes for formulas."""
    path = tmp_path / f"day.{kind}"
    flags = ["--history-folder", str(folder), "--format", kind, "--output", str(path)]
    assert main(["events", "export", "--day", "2026-03-01", *flags]) == 0
    if kind == "csv":
        assert path.read_bytes().startswith(b"\xef\xbb\xbftime,")
        assert ",'=HYPERLINK(1)," in path.read_text(encoding="utf-8-sig")
        assert len(path.read_text(encoding="utf-8-sig").splitlines()) == 3
    elif kind == "jsonl":
        assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == ["e2", "e1"]
    else:
        from openpyxl import load_workbook

        rows = [list(row) for row in load_workbook(path)["events"].iter_rows()]
        cell = rows[1][[each.value for each in rows[0]].index("source")]
        assert (cell.value, cell.data_type) == ("=HYPERLINK(1)", "s")
        assert len(rows) == 3


def test_prune_deletes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All events go where so little is kept."""
    assert main(["events", "prune", "--keep", "0s", "--history-folder", str(folder)]) == 0
    assert "3 events deleted" in capsys.readouterr().err
    assert main(["events", "search", "--history-folder", str(folder)]) == 1


def test_without_a_history_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is none, one line says how to keep one; nothing is made."""
    assert main(["events", "search", "--history-folder", str(tmp_path / "none")]) == 1
    assert "keep one with --history 30d" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", [[], ["export"], ["search", "--since", "yesterday"], ["correct", "e1"]])
def test_wrong_usage_ends_with_2(words: list[str]) -> None:
    """A missing job or value is wrong usage."""
    with pytest.raises(SystemExit) as end:
        main(["events", *words])
    assert end.value.code == 2
