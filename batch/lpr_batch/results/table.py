"""The columns of the results, and a part's bytes."""

import io
from collections.abc import Sequence
from typing import Any

from lpr_batch.base.extras import load_arrow, load_parquet
from lpr_edge.contract.records import Record

COLUMNS = ("text", "rows", "latin", "valid", "confidence", "quad")
"""Of a plate's record."""


def schema() -> Any:
    """The Arrow schema: a row for each plate, and one for each picture without any."""
    arrow = load_arrow()
    return arrow.schema(
        [
            arrow.field("source", arrow.string(), nullable=False),
            arrow.field("text", arrow.string()),
            arrow.field("rows", arrow.list_(arrow.string())),
            arrow.field("latin", arrow.string()),
            arrow.field("valid", arrow.bool_()),
            arrow.field("confidence", arrow.float64()),
            arrow.field("quad", arrow.list_(arrow.list_(arrow.float64()))),
            arrow.field("error", arrow.string()),
        ]
    )


def plate_rows(source: str, plates: Sequence[Record]) -> list[Record]:
    """Rows of a picture that could be read.

    Args:
        source: the picture's name.
        plates: records of its plates.
    """
    return [{"source": source} | {name: plate[name] for name in COLUMNS} for plate in plates] or [{"source": source}]


def error_row(source: str, error: str) -> Record:
    """The row of a picture that can't be read."""
    return {"source": source, "error": error}


def part_bytes(rows: Sequence[Record]) -> bytes:
    """A Parquet file of rows; what a row doesn't have is null."""
    table = load_arrow().Table.from_pylist(list(rows), schema=schema())
    buffer = io.BytesIO()
    load_parquet().write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
