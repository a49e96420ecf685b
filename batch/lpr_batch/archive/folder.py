"""Pictures in a folder and the folders below it, or one picture."""

from collections.abc import Iterator
from pathlib import Path

from lpr_batch.archive.parquet_rows import is_parquet
from lpr_batch.base.log import LOG
from lpr_batch.plan.group import Group
from lpr_batch.storage.listing import files_below
from lpr_batch.storage.place import Place
from lpr_edge.contract.base.errors import SourceError
from lpr_edge.contract.base.pictures import PICTURES, is_foreign_picture, is_picture
from lpr_edge.contract.base.text_files import is_utf8, shown

GROUP = 10_000
"""Pictures of a group."""
ENDINGS = f"files that end in {', '.join(PICTURES)}"


class PictureFolder:
    """An archive of picture files."""

    def __init__(self, folder: Place, is_file: bool = False) -> None:
        """Take the folder, or one picture's file."""
        self._folder = folder
        self._is_file = is_file
        self._unreadable = 0

    @property
    def unreadable(self) -> int:
        """Pictures whose names aren't text."""
        return self._unreadable

    def groups(self) -> Iterator[Group]:
        """All pictures; those that can't be read by their kind too, so that each is named.

        Raises:
            SourceError: there are none, or the folder can't be listed.
        """
        sources: list[str] = []
        is_empty, has_parquet = True, False
        for path in [self._folder.path] if self._is_file else files_below(self._folder):
            if not self._is_picture(path):
                has_parquet = has_parquet or is_parquet(path)
                continue
            is_empty = False
            sources.append(Place(self._folder.files, path).name)
            if len(sources) == GROUP:
                yield Group(sources)
                sources = []
        if sources:
            yield Group(sources)
        if is_empty:
            remedy = "but Parquet files: name their column with --column" if has_parquet else f"expected {ENDINGS}"
            raise SourceError(f"no pictures in {self._folder.name} or its folders: {remedy}")

    def _is_picture(self, path: str) -> bool:
        if not (is_picture(Path(path)) or is_foreign_picture(Path(path))):
            return False
        if is_utf8(path):
            return True
        self._unreadable += 1
        LOG.warning("left out %s: its name isn't UTF-8; rename it", shown(path))
        return False
