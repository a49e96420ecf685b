from collections.abc import Iterator
from pathlib import Path

import pytest

from lpr_batch.archive.open_archive import open_archive
from lpr_batch.plan.pending import plan_blocks
from lpr_batch.reading.pictures import pictures_of
from lpr_batch.storage.place import Place, StorageError, trying_again
from lpr_edge.contract.base.errors import DataError, LprError, SourceError

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
fsspec = pytest.importorskip("fsspec")


def sources(url: str | Path, column: str | None = None) -> list[str]:
    """Names of an archive's pictures."""
    return [source for group in open_archive(str(url), column).groups() for source in group.sources]


def contents(url: str | Path, column: str | None = None, finished: frozenset[str] = frozenset()) -> list[object]:
    """What its pictures hold, through blocks of three."""
    blocks = plan_blocks(open_archive(str(url), column).groups(), finished, 3).blocks
    return [found for block in blocks for found in pictures_of(block)]


def test_pictures_of_a_folder_and_those_below(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them by absolute path, in order; what a system hides, and other files, are left out."""
    (photos / ".hidden").mkdir()
    (photos / ".hidden" / "6.png").write_bytes(b"")
    (photos / "._0.png").write_bytes(b"")
    (photos / "notes.txt").write_text("no picture")
    expected = [str(photos / name) for name in ("0.png", "1.png", "2.png", "below/3.png", "below/4.png")]
    assert sources(photos) == expected
    monkeypatch.chdir(photos.parent)
    assert sources("photos") == sources("./photos/") == expected
    assert sources("photos/1.png") == expected[1:2]


def test_pictures_behind_a_url(bucket: str, jpegs: dict[str, bytes]) -> None:
    """A folder of another storage has URLs as names, and the same bytes."""
    files = fsspec.filesystem("memory")
    for name, data in jpegs.items():
        files.pipe_file(f"{bucket}/in/{name}", data)
    assert sources(f"{bucket}/in") == [f"{bucket}/in/{name}" for name in jpegs]
    assert contents(f"{bucket}/in") == list(jpegs.values())


def test_many_remote_pictures_come_in_order(bucket: str) -> None:
    """They are fetched ahead by several threads, and keep their order; one that is gone is an error in its place."""
    files = fsspec.filesystem("memory")
    for number in range(30):
        files.pipe_file(f"{bucket}/{number:02}.jpg", b"%d" % number)
    (block,) = plan_blocks(open_archive(bucket, None).groups(), set(), 100).blocks
    files.rm_file(f"{bucket}/17.jpg")
    found = list(pictures_of(block))
    assert isinstance(found[17], DataError)
    assert [each for each in found if isinstance(each, bytes)] == [b"%d" % n for n in range(30) if n != 17]


@pytest.mark.parametrize("kind", ["bytes", "structs"])
def test_pictures_in_parquet(tmp_path: Path, kind: str) -> None:
    """Rows of all row groups, as bytes or as structs with bytes; what is finished isn't read again."""
    values = [b"%d" % number if number != 4 else None for number in range(9)]
    cells = [{"bytes": value, "path": None} for value in values] if kind == "structs" else values
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"image": cells, "other": list(range(9))}), path, row_group_size=5)
    assert sources(path) == sources(tmp_path, "image") == [f"{path}#{number}" for number in range(9)]
    found = contents(path)
    assert isinstance(found.pop(4), DataError)
    assert found == [value for value in values if value]
    finished = frozenset(f"{path}#{number}" for number in (0, 1, 2, 3, 4, 6))
    assert contents(path, finished=finished) == [b"5", b"7", b"8"]


def test_more_rows_than_are_in_memory_at_once(tmp_path: Path) -> None:
    """A row group larger than what is read at once gives its rows in order."""
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"image": [b"%d" % number for number in range(50)]}), path)
    assert contents(path) == [b"%d" % number for number in range(50)]
    finished = frozenset(f"{path}#{number}" for number in range(50) if number not in (15, 16, 40))
    assert contents(path, finished=finished) == [b"15", b"16", b"40"]


def test_parquet_that_names_pictures(photos: Path, bucket: str) -> None:
    """Paths are meant from the Parquet file's folder, URLs as they are; a picture in two rows is read once."""
    fsspec.filesystem("memory").pipe_file(f"{bucket}/9.png", b"nine")
    names = ["0.png", "below/3.png", str(photos / "1.png"), "0.png", f"{bucket}/9.png", None]
    parquet.write_table(arrow.table({"file": names}), photos / "list.parquet", row_group_size=3)
    expected = [str(photos / name) for name in ("0.png", "below/3.png", "1.png")]
    assert sources(photos / "list.parquet", "file") == [*expected, f"{bucket}/9.png"]
    assert contents(photos / "list.parquet", "file")[-1] == b"nine"


def test_a_broken_parquet_file_does_not_stop_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named and counted, and the others are read."""
    monkeypatch.setattr("lpr_batch.base.log.LOG.propagate", True)
    parquet.write_table(arrow.table({"image": [b"1"]}), tmp_path / "b.parquet")
    (tmp_path / "a.parquet").write_bytes((tmp_path / "b.parquet").read_bytes()[:-9])
    archive = open_archive(str(tmp_path), "image")
    assert [source for group in archive.groups() for source in group.sources] == [f"{tmp_path}/b.parquet#0"]
    assert archive.unreadable == 1
    assert "a.parquet can't be read as Parquet" in caplog.text


def test_archives_that_can_not_be_used(tmp_path: Path, photos: Path) -> None:
    """Each mistake is an error of one line that says what to do."""
    parquet.write_table(arrow.table({"image": [1], "label": ["x"]}), tmp_path / "numbers.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"no file or folder .*nowhere: give one that exists"):
        sources(tmp_path / "nowhere")
    with pytest.raises(SourceError, match=r"no pictures in .*empty or its folders: expected files that end in \.jpg"):
        sources(tmp_path / "empty")
    with pytest.raises(SourceError, match=r"no Parquet files in .*photos"):
        sources(photos, "image")
    with pytest.raises(LprError, match=r"has no column `photo`, only image, label: give one with --column"):
        sources(tmp_path / "numbers.parquet", "photo")
    with pytest.raises(LprError, match=r"column `image` of .* is int64: pictures are bytes, paths or URLs"):
        sources(tmp_path / "numbers.parquet")
    with pytest.raises(LprError, match=r"nosuch://bucket can't be opened .*give a folder, a file, or a URL"):
        sources("nosuch://bucket")
    (photos / "0.png").replace(tmp_path / "empty" / "x.parquet")
    with pytest.raises(SourceError, match="but Parquet files: name their column with --column"):
        sources(tmp_path / "empty")


def test_a_storage_gets_some_patience() -> None:
    """What fails twice and then works is read; what goes on failing is the storage's, what is missing the file's."""
    answers: Iterator[Exception | bytes] = iter([OSError("busy"), RuntimeError("busy"), b"data"])

    def read() -> bytes:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def missing() -> bytes:
        raise FileNotFoundError

    def refuse() -> bytes:
        raise PermissionError("expired")

    assert trying_again(read, (0, 0)) == b"data"
    with pytest.raises(FileNotFoundError):
        trying_again(missing, (0, 0))
    with pytest.raises(StorageError, match="PermissionError: expired"):
        trying_again(refuse, (0, 0))


def test_names_hold_no_login(tmp_path: Path) -> None:
    """A place's name is the path or URL without who may read it."""
    assert Place(fsspec.filesystem("memory"), "/a/b").name == "memory:///a/b"
    assert Place(fsspec.filesystem("file"), str(tmp_path)).name == str(tmp_path)
