"""The pictures of a block, as bytes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from lpr_batch.archive.parquet_rows import column_kind, open_parquet
from lpr_batch.plan.block import Block, Rows
from lpr_batch.storage.place import StorageError, open_place, read_file
from lpr_edge.contract.base.errors import DataError

PictureBytes = bytes | DataError
"""A picture's file, or what is wrong with it."""
AHEAD = 8
"""Pictures that are fetched from another machine while one is read."""
ROWS = 16
"""Rows of a Parquet file that are in memory at once."""


def pictures_of(block: Block) -> Iterator[PictureBytes]:
    """A block's pictures in order.

    Raises:
        StorageError: the storage doesn't give them now.
        DataError: the Parquet file isn't readable any more.
    """
    if block.rows is not None:
        yield from _pictures_in(block.rows)
    elif open_place(block.sources[0]).is_local:
        yield from map(_picture_at, block.sources)
    else:
        yield from _fetched_ahead(block.sources)


def _picture_at(source: str) -> PictureBytes:
    try:
        return read_file(open_place(source))
    except DataError as error:
        return error


def _fetched_ahead(sources: tuple[str, ...]) -> Iterator[PictureBytes]:
    with ThreadPoolExecutor(AHEAD) as pool:
        waiting = [pool.submit(_picture_at, source) for source in sources[:AHEAD]]
        for source in (*sources[AHEAD:], *[""] * len(waiting)):
            if source:
                waiting.append(pool.submit(_picture_at, source))
            yield waiting.pop(0).result()


def _pictures_in(rows: Rows) -> Iterator[PictureBytes]:
    place = open_place(rows.file)
    with open_parquet(place) as file:
        kind = column_kind(file, rows.column, rows.file)
        batches = file.iter_batches(ROWS, row_groups=[rows.group], columns=[rows.column])
        cells = (cell for batch in _from_storage(batches, rows.file) for cell in batch.column(0))
        position = 0
        for number in rows.numbers:
            cell = next(islice(cells, number - position, None))
            position = number + 1
            yield _bytes_of(cell, kind)


def _from_storage(batches: Iterator[Any], name: str) -> Iterator[Any]:
    try:
        yield from batches
    except OSError as error:
        raise StorageError(f"{name}: {error}") from error


def _bytes_of(cell: Any, kind: str) -> PictureBytes:
    value = cell.as_py()
    if kind == "structs" and value is not None:
        value = value["bytes"]
    return DataError("the row has no picture") if value is None else bytes(value)
