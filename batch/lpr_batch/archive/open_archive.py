"""What kind of archive a path or URL is."""

from lpr_batch.archive.folder import PictureFolder
from lpr_batch.archive.parquet_rows import COLUMN, ParquetRows, is_parquet
from lpr_batch.plan.group import Archive
from lpr_batch.storage.place import Place, StorageError, open_place, trying_again
from lpr_edge.contract.base.errors import SourceError
from lpr_edge.contract.base.url import redact


def open_archive(source: str, column: str | None) -> Archive:
    """The archive at a path or URL.

    Args:
        source: a picture, a Parquet file, or a folder of either.
        column: of Parquet files; None for pictures, and for the usual column where the name ends in .parquet.

    Raises:
        LprError: there is nothing, or no answer.
    """
    place = open_place(source)
    is_file = _is_file(place, source)
    if column or is_parquet(place.path):
        return ParquetRows(place, column or COLUMN, is_file)
    return PictureFolder(place, is_file)


def _is_file(place: Place, source: str) -> bool:
    """Whether a file is there; False for a folder.

    Raises:
        SourceError: there is neither, or no answer.
    """
    try:
        return not trying_again(lambda: place.files.info(place.path)["type"] == "directory")
    except FileNotFoundError:
        raise SourceError(
            f"no file or folder {redact(source)}: give one that exists, or a URL such as s3://bucket/photos"
        ) from None
    except (OSError, StorageError) as error:
        raise SourceError(f"{redact(source)} can't be opened: {error}") from error
