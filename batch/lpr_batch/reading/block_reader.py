"""Reads blocks: what a worker does from its start to its end."""

from dataclasses import dataclass
from pathlib import Path

import cv2

from lpr_batch.plan.block import Block
from lpr_batch.reading.networks import Networks
from lpr_batch.reading.pictures import PictureBytes, pictures_of
from lpr_batch.results.table import error_row, part_bytes, plate_rows
from lpr_batch.storage.place import StorageError
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import decode_picture
from lpr_edge.contract.records import Record
from lpr_edge.tracking.event_record import plate_record


@dataclass(frozen=True)
class Outcome:
    """What became of a block."""

    name: str
    pictures: int = 0
    plates: int = 0
    errors: int = 0
    part: bytes = b""
    """The Parquet file of its rows; empty where the block couldn't be read."""
    failure: str = ""
    """Why it couldn't."""
    is_final: bool = False
    """Whether its worker would fail at every block, since it can't load the networks."""
    machine: str = ""
    """Where it was read; empty outside of Ray."""


class BlockReader:
    """The networks of one worker."""

    def __init__(self, networks: Networks) -> None:
        """Load them.

        Raises:
            LprError: they can't be loaded here.
        """
        cv2.setNumThreads(1)
        self._pipeline = networks.open().photographs

    def read(self, block: Block) -> Outcome:
        """Read a block's pictures; a bad one gives an error row, a storage that fails gives no part."""
        rows: list[Record] = []
        errors = 0
        try:
            for source, found in zip(block.sources, pictures_of(block), strict=True):
                read = self._rows_of(source, found)
                errors += "error" in read[0]
                rows += read
        except (StorageError, DataError) as failure:
            return Outcome(block.name, failure=str(failure))
        plates = sum("text" in row for row in rows)
        return Outcome(block.name, len(block.sources), plates, errors, part_bytes(rows))

    def _rows_of(self, source: str, data: PictureBytes) -> list[Record]:
        try:
            if isinstance(data, DataError):
                raise data
            picture = decode_picture(data, Path(source))
        except DataError as error:
            return [error_row(source, str(error))]
        return plate_rows(source, [plate_record(plate) for plate in self._pipeline.read(picture).plates])
