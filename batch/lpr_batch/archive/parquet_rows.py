"""Pictures named or held by Parquet files: a column of bytes, of structs with bytes, or of paths and URLs."""

from collections.abc import Iterator
from typing import Any

from lpr_batch.base.extras import load_arrow, load_parquet
from lpr_batch.base.log import LOG
from lpr_batch.plan.block import Rows
from lpr_batch.plan.group import Group
from lpr_batch.storage.listing import files_below
from lpr_batch.storage.place import Place, StorageError, open_place
from lpr_edge.contract.base.errors import DataError, LprError, SourceError
from lpr_edge.contract.base.url import is_url

SUFFIXES = (".parquet", ".pq")
COLUMN = "image"
"""With the pictures, where no other is asked for."""


class ParquetRows:
    """An archive of Parquet files."""

    def __init__(self, place: Place, column: str, is_file: bool) -> None:
        """Take the files.

        Args:
            place: a Parquet file, or a folder with such files.
            column: holds the pictures, or names them.
            is_file: whether `place` is one file.
        """
        self._place, self._column, self._is_file = place, column, is_file
        self._unreadable = 0
        self._named: set[str] = set()

    @property
    def unreadable(self) -> int:
        """Parquet files that can't be read."""
        return self._unreadable

    def groups(self) -> Iterator[Group]:
        """The rows of each row group; a file that can't be read is named on stderr and left out.

        Raises:
            LprError: there are no files, or one has no such column.
        """
        paths = [self._place.path] if self._is_file else list(filter(is_parquet, files_below(self._place)))
        if not paths:
            raise SourceError(f"no Parquet files in {self._place.name}: expected files that end in .parquet")
        for path in paths:
            place = Place(self._place.files, path)
            try:
                with open_parquet(place) as file:
                    yield from self._groups_of(file, place)
            except DataError as error:
                self._unreadable += 1
                LOG.warning("%s", error)

    def _groups_of(self, file: Any, place: Place) -> Iterator[Group]:
        kind = column_kind(file, self._column, place.name)
        first = 0
        for number in range(file.metadata.num_row_groups):
            count = file.metadata.row_group(number).num_rows
            if kind == "paths":
                yield Group(self._new(_paths(file, number, self._column, place)))
            else:
                rows = Rows(place.name, self._column, number, tuple(range(count)))
                yield Group([f"{place.name}#{first + row}" for row in range(count)], rows)
            first += count

    def _new(self, names: list[str]) -> list[str]:
        """Those that come for the first time: a picture may have several rows, and is read once."""
        new = [name for name in dict.fromkeys(names) if name not in self._named]
        self._named.update(new)
        return new


def is_parquet(path: str) -> bool:
    """Whether a name is a Parquet file's that holds data: those that begin with `_` describe others."""
    return path.lower().endswith(SUFFIXES) and not path.rpartition("/")[2].startswith("_")


def open_parquet(place: Place) -> Any:
    """A Parquet file, as a context manager.

    Raises:
        DataError: it can't be read, or is none.
    """
    arrow, parquet = load_arrow(), load_parquet()
    try:
        source = arrow.memory_map(place.path) if place.is_local else place.files.open(place.path, "rb")
        return parquet.ParquetFile(source)
    except (OSError, arrow.ArrowInvalid, StorageError) as error:
        raise DataError(f"{place.name} can't be read as Parquet ({error}): repair or remove it") from error


def column_kind(file: Any, column: str, name: str) -> str:
    """How a column has its pictures: `bytes`, `structs` (of the bytes, as `datasets` writes them), or `paths`.

    Args:
        file: an opened Parquet file.
        column: the column's name.
        name: the file's name, for the message.

    Raises:
        LprError: there is no such column, or it is of another type.
    """
    types = load_arrow().types
    schema = file.schema_arrow
    if column not in schema.names:
        raise LprError(f"{name} has no column `{column}`, only {', '.join(schema.names)}: give one with --column")
    kind = schema.field(column).type
    if types.is_binary(kind) or types.is_large_binary(kind):
        return "bytes"
    if types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        return "structs"
    if types.is_string(kind) or types.is_large_string(kind):
        return "paths"
    raise LprError(f"column `{column}` of {name} is {kind}: pictures are bytes, paths or URLs")


def _paths(file: Any, group: int, column: str, place: Place) -> list[str]:
    """The names in a row group's column; relative ones are meant from the Parquet file's folder."""
    folder = Place(place.files, place.path.rpartition("/")[0])
    texts = [text for text in file.read_row_group(group, columns=[column]).column(0).to_pylist() if text]
    return [_absolute(text, folder) for text in texts]


def _absolute(text: str, folder: Place) -> str:
    if is_url(text):
        return open_place(text).name
    return Place(folder.files, text).name if text.startswith("/") else folder.joined(text).name
