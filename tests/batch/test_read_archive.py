import contextlib
import dataclasses
import json
from pathlib import Path

import pytest
from tests.batch.conftest import in_process, rows_of

from lpr_batch.app.read_archive import Run, read_archive
from lpr_batch.base.settings import BatchSettings
from lpr_batch.plan.block import Block
from lpr_batch.reading.block_reader import BlockReader
from lpr_batch.reading.networks import Networks
from lpr_batch.storage.place import StorageError
from lpr_edge.app.cli import main as edge_main
from lpr_edge.contract.base.errors import LprError

pytest.importorskip("pyarrow")


def counts(result: dict[str, float]) -> list[float]:
    """Pictures, plates, errors, finished before, unfinished."""
    return [result[name] for name in ("pictures", "plates", "errors", "finished_before", "unfinished")]


def test_rows_are_what_the_device_reads(
    photos: Path, tmp_path: Path, settings: BatchSettings, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each field of each plate is that of `lpr-edge --source` on the same pictures; bad ones are error rows."""
    (photos / "bad.jpg").write_bytes(b"\xff\xd8 rubbish")
    (photos / "phone.heic").write_bytes(b"")
    assert counts(read_archive(str(photos), str(tmp_path / "out"), settings, run)) == [7, 5, 2, 0, 0]
    models = ["--detector", str(settings.detector), "--reader", str(settings.reader), "--min-confidence", "0"]
    for folder in (photos, photos / "below"):
        edge_main(["--source", str(folder), *models])
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    expected = [
        {"source": record["source"], "error": record.get("error")} | {name: plate.get(name) for name in NAMES}
        for record in sorted(records, key=lambda record: str(record["source"]))
        for plate in record.get("plates", [{}])
    ]
    assert rows_of(tmp_path / "out") == expected


NAMES = ("text", "rows", "latin", "valid", "confidence", "quad")


@pytest.mark.parametrize("stop_after", [0, 1, 2])
def test_a_stopped_run_goes_on(photos: Path, tmp_path: Path, settings: BatchSettings, stop_after: int) -> None:
    """What is finished isn't read again, the rest is, and the rows are those of a run without a stop."""
    out, seen = str(tmp_path / "out"), list[str]()
    with contextlib.suppress(KeyboardInterrupt):
        read_archive(str(photos), out, settings, in_process(stop_after, seen))
    assert len(seen) == 2 * stop_after
    result = read_archive(str(photos), out, settings, in_process(seen=seen))
    assert counts(result)[3:] == [2 * stop_after, 0]
    assert sorted(seen) == sorted(set(seen)) == sorted(str(path) for path in photos.rglob("*.png"))
    read_archive(str(photos), str(tmp_path / "whole"), settings, in_process())
    assert rows_of(tmp_path / "out") == rows_of(tmp_path / "whole")
    assert counts(read_archive(str(photos), out, settings, in_process(seen=seen))) == [0, 0, 0, 5, 0]


def test_new_pictures_are_read_alone(photos: Path, tmp_path: Path, settings: BatchSettings, run: Run) -> None:
    """An archive that has grown is read where it is new; other block sizes change nothing."""
    out = str(tmp_path / "out")
    read_archive(str(photos / "below"), out, settings, run)
    assert counts(read_archive(str(photos), out, dataclasses.replace(settings, block=3), run)) == [3, 3, 0, 2, 0]
    assert len(rows_of(tmp_path / "out")) == 5


def test_a_storage_that_fails_leaves_pictures_unfinished(
    photos: Path, tmp_path: Path, settings: BatchSettings, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They get no error rows: the same command reads them once the storage is back."""
    out = str(tmp_path / "out")

    def fail(place: object) -> bytes:
        raise StorageError(f"{place}: timed out")

    monkeypatch.setattr("lpr_batch.reading.pictures.read_file", fail)
    assert counts(read_archive(str(photos), out, settings, run)) == [0, 0, 0, 0, 5]
    monkeypatch.undo()
    assert counts(read_archive(str(photos), out, settings, run)) == [5, 5, 0, 0, 0]


def test_errors_again(photos: Path, tmp_path: Path, settings: BatchSettings, run: Run) -> None:
    """Pictures with an error stay finished, until they are asked for; a mended one is read then."""
    out, good = str(tmp_path / "out"), (photos / "0.png").read_bytes()
    (photos / "0.png").write_bytes(b"rubbish")
    assert counts(read_archive(str(photos), out, settings, run)) == [5, 4, 1, 0, 0]
    (photos / "0.png").write_bytes(good)
    assert counts(read_archive(str(photos), out, settings, run)) == [0, 0, 0, 5, 0]
    again = dataclasses.replace(settings, errors_again=True)
    assert counts(read_archive(str(photos), out, again, run)) == [1, 1, 0, 4, 0]
    assert [row["error"] for row in rows_of(tmp_path / "out")] == [None] * 5


def test_from_one_storage_to_another(bucket: str, jpegs: dict[str, bytes], settings: BatchSettings, run: Run) -> None:
    """Archive and results can both lie behind URLs."""
    import fsspec

    for name, data in jpegs.items():
        fsspec.filesystem("memory").pipe_file(f"{bucket}/in/{name}", data)
    assert counts(read_archive(f"{bucket}/in", f"{bucket}/out", settings, run)) == [5, 5, 0, 0, 0]
    assert counts(read_archive(f"{bucket}/in", f"{bucket}/out", settings, run)) == [0, 0, 0, 5, 0]


def test_pictures_held_by_parquet(tmp_path: Path, jpegs: dict[str, bytes], settings: BatchSettings, run: Run) -> None:
    """Rows are named by file and number; one without a picture, and one with rubbish, are error rows."""
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / "in.parquet"
    parquet.write_table(pyarrow.table({"image": [*jpegs.values(), None, b"rubbish"]}), path, row_group_size=3)
    assert counts(read_archive(str(path), str(tmp_path / "out"), settings, run)) == [7, 5, 2, 0, 0]
    rows = rows_of(tmp_path / "out")
    assert [row["source"] for row in rows] == [f"{path}#{number}" for number in range(7)]
    assert [row["text"] for row in rows] == ["A104", "L77", "X410", "A77", "L104", None, None]


def test_results_inside_the_archive(photos: Path, settings: BatchSettings, run: Run) -> None:
    """A folder of results below the photographs disturbs neither."""
    out = str(photos / "out")
    read_archive(str(photos), out, settings, run)
    assert counts(read_archive(str(photos), out, settings, run)) == [0, 0, 0, 5, 0]


def test_networks_are_checked_before_anything_is_written(photos: Path, tmp_path: Path, settings: BatchSettings) -> None:
    """A model that can't be loaded, or is missing, is an error of the command, and no worker is started."""
    broken = tmp_path / "reader.tflite"
    for text in ("no network", ""):
        broken.write_text(text)
        with pytest.raises(LprError):
            read_archive(str(photos), str(tmp_path / "out"), dataclasses.replace(settings, reader=broken), in_process())
    with pytest.raises(LprError, match=r"no model file .*gone"):
        Networks.from_settings(dataclasses.replace(settings, reader=tmp_path / "gone.tflite"))
    assert not (tmp_path / "out").exists()


def test_a_worker_with_another_lpr_is_refused(settings: BatchSettings) -> None:
    """Machines of a cluster with another version would read something else."""
    networks = dataclasses.replace(Networks.from_settings(settings), version="0.0.1")
    with pytest.raises(LprError, match=r"a worker has lpr .*, and the command 0\.0\.1: install the same everywhere"):
        BlockReader(networks)


def test_a_block_that_is_gone_is_an_outcome(tmp_path: Path, settings: BatchSettings) -> None:
    """Missing files are error rows, each by its name."""
    reader = BlockReader(Networks.from_settings(settings))
    outcome = reader.read(Block((str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg"))))
    assert (outcome.pictures, outcome.plates, outcome.errors, outcome.failure) == (2, 0, 2, "")
