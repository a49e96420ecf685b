from pathlib import Path

import pytest
from tests.batch.conftest import rows_of

from lpr_batch.results.folder import ResultFolder
from lpr_batch.results.table import error_row, part_bytes, plate_rows
from lpr_edge.contract.base.errors import LprError

pytest.importorskip("pyarrow")
PLATE = {
    "text": "A104",
    "rows": ["A104"],
    "latin": "A104",
    "valid": True,
    "fields": {},
    "confidence": 0.9,
    "char_confidences": [0.9],
    "quad": [[1.0, 2.0], [3.0, 2.0], [3.0, 4.0], [1.0, 4.0]],
    "colour": None,
}


def part(*sources: str) -> bytes:
    """A part with a plate on each picture."""
    return part_bytes([row for source in sources for row in plate_rows(source, [PLATE])])


def test_a_row_for_each_plate_and_one_for_a_picture_without(tmp_path: Path) -> None:
    """Two plates are two rows; no plate and an error are a row each; what a row doesn't have is null."""
    results = ResultFolder.at(str(tmp_path / "out"))
    rows = [*plate_rows("two.jpg", [PLATE, PLATE]), *plate_rows("none.jpg", []), error_row("bad.jpg", "cut short")]
    results.write("0" * 16, part_bytes(rows))
    found = rows_of(tmp_path / "out")
    assert [row["source"] for row in found] == ["bad.jpg", "none.jpg", "two.jpg", "two.jpg"]
    assert [row["error"] for row in found] == ["cut short", None, None, None]
    assert [row["text"] for row in found] == [None, None, "A104", "A104"]
    names = ["source", "text", "rows", "latin", "valid", "confidence", "quad", "error"]
    assert list(found[3]) == names
    assert {name: found[3][name] for name in names[1:-1]} == {name: PLATE[name] for name in names[1:-1]}
    assert results.finished() == {"two.jpg", "none.jpg", "bad.jpg"}


@pytest.mark.parametrize("length", [0, 3, 60, -1])
def test_a_part_that_is_not_whole_is_set_aside(tmp_path: Path, length: int) -> None:
    """However much of it is there, its pictures aren't finished, and no reader of the folder comes across it."""
    results = ResultFolder.at(str(tmp_path))
    results.write("a" * 16, part("1.jpg"))
    results.write("b" * 16, part("2.jpg", "3.jpg"))
    path = tmp_path / f"part-{'b' * 16}.parquet"
    path.write_bytes(path.read_bytes()[:length])
    assert results.finished() == {"1.jpg"}
    assert [row["source"] for row in rows_of(tmp_path)] == ["1.jpg"]
    assert (tmp_path / f"_broken-{path.name}").is_file()
    assert results.finished() == {"1.jpg"}


def test_what_was_being_written_is_not_taken_for_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is cut off while it is written leaves nothing under its name."""

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    results = ResultFolder.at(str(tmp_path))
    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        results.write("a" * 16, part("1.jpg"))
    monkeypatch.undo()
    (tmp_path / "part-bbbbbbbbbbbbbbbb.parquet.part").write_bytes(part("2.jpg")[:50])
    assert results.finished() == set()


def test_results_in_another_storage(bucket: str) -> None:
    """Parts behind a URL are written, found and counted as well."""
    results = ResultFolder.at(f"{bucket}/out")
    results.check_made_with({"reader": "1"})
    results.write("a" * 16, part("1.jpg"))
    again = ResultFolder.at(f"{bucket}/out")
    assert again.finished() == {"1.jpg"}
    with again.alone(), pytest.raises(LprError, match="made with another reader: give another --out"):
        again.check_made_with({"reader": "2"})


def test_results_of_other_networks_are_not_mixed(tmp_path: Path) -> None:
    """The same networks and settings go on; others are refused, and so is a note that can't be read."""
    results = ResultFolder.at(str(tmp_path))
    results.check_made_with({"reader": "1", "tta": None})
    results.check_made_with({"reader": "1", "tta": None})
    with pytest.raises(LprError, match=r"was made with another reader, tta: give another --out"):
        results.check_made_with({"reader": "2", "tta": 3})
    (tmp_path / "_made_with.json").write_text("{")
    with pytest.raises(LprError, match=r"_made_with\.json is damaged .*: give another --out"):
        results.check_made_with({"reader": "1", "tta": None})


def test_errors_can_be_forgotten(tmp_path: Path) -> None:
    """Only rows with an error go; their pictures aren't finished any more."""
    results = ResultFolder.at(str(tmp_path))
    results.write("a" * 16, part_bytes([*plate_rows("1.jpg", [PLATE]), error_row("2.jpg", "gone")]))
    results.write("b" * 16, part("3.jpg"))
    results.write("c" * 16, part_bytes([error_row("4.jpg", "gone")]))
    assert results.forget_errors() == 2
    assert results.finished() == {"1.jpg", "3.jpg"}
    assert results.forget_errors() == 0


def test_one_run_at_a_time(tmp_path: Path) -> None:
    """A second run on the same folder is refused while the first is at work."""
    results = ResultFolder.at(str(tmp_path))
    with results.alone(), pytest.raises(LprError, match="another lpr-batch writes to"):  # noqa: SIM117  # one is first
        with ResultFolder.at(str(tmp_path)).alone():
            pass
    with results.alone():
        pass


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    """A file in its place is an error that names it."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(LprError, match=r"file can't be made a folder .*: give another --out"):
        ResultFolder.at(str(tmp_path / "file"))
