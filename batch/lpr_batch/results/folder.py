"""The folder of results: parts, each there whole or not at all."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpr_batch.base.extras import load_arrow, load_compute, load_parquet
from lpr_batch.base.log import LOG
from lpr_batch.results.table import part_bytes
from lpr_batch.storage.place import Place, open_place
from lpr_batch.storage.whole_file import write_place
from lpr_edge.contract.base.errors import LprError

PREFIX, SUFFIX = "part-", ".parquet"
MADE_WITH = "_made_with.json"
"""What the parts were made with; readers of Parquet folders pass over names that begin with `_`."""
LOCK = ".lock"


@dataclass(frozen=True)
class ResultFolder:
    """Where a run's parts go."""

    place: Place

    @staticmethod
    def at(url: str) -> "ResultFolder":
        """The folder at a path or URL, made where there is none.

        Raises:
            LprError: it can't be made.
        """
        place = open_place(url)
        try:
            place.files.makedirs(place.path, exist_ok=True)
        except (OSError, FileExistsError) as error:
            raise LprError(f"{place.name} can't be made a folder ({error}): give another --out") from error
        return ResultFolder(place)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep another run on this machine away from the folder.

        Raises:
            LprError: one is at work.
        """
        if not self.place.is_local:
            yield
            return
        with Path(self.place.joined(LOCK).path).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise LprError(f"another lpr-batch writes to {self.place.name}: wait for it, or stop it") from error
            yield

    def check_made_with(self, made_with: dict[str, Any]) -> None:
        """Refuse to mix results: the first run notes what it is made with, the others compare.

        Raises:
            LprError: the parts that are there were made with something else.
        """
        note = self.place.joined(MADE_WITH)
        if not note.files.exists(note.path):
            write_place(note, json.dumps(made_with).encode())
            return
        try:
            before = json.loads(note.files.cat_file(note.path))
        except ValueError as error:
            raise LprError(f"{note.name} is damaged ({error}): give another --out") from error
        other = sorted(key for key in {*before, *made_with} if before.get(key) != made_with.get(key))
        if other:
            raise LprError(f"{self.place.name} was made with another {', '.join(other)}: give another --out")

    def finished(self) -> set[str]:
        """Sources of all parts. A part that isn't whole is set aside: its pictures are read again."""
        found: set[str] = set()
        for part in self._parts():
            table = self._read(part, ["source"])
            if table is not None:
                found.update(table.column("source").to_pylist())
        return found

    def forget_errors(self) -> int:
        """Drop the rows that have an error; returns how many they were."""
        compute = load_compute()
        count = 0
        for part in self._parts():
            table = self._read(part, None)
            if table is None or table.column("error").null_count == len(table):
                continue
            kept = table.filter(compute.is_null(table.column("error")))
            count += len(table) - len(kept)
            write_place(part, part_bytes(kept.to_pylist()))
        return count

    def write(self, name: str, part: bytes) -> None:
        """Write a block's part whole.

        Raises:
            OSError: it can't be written.
        """
        write_place(self.place.joined(f"{PREFIX}{name}{SUFFIX}"), part)

    def _parts(self) -> list[Place]:
        paths = self.place.files.ls(self.place.path, detail=False)
        names = sorted(str(path).rstrip("/").rpartition("/")[2] for path in paths)
        return [self.place.joined(name) for name in names if name.startswith(PREFIX) and name.endswith(SUFFIX)]

    def _read(self, part: Place, columns: list[str] | None) -> Any:
        """A part's table, or None where it isn't whole."""
        arrow = load_arrow()
        try:
            data = arrow.BufferReader(part.files.cat_file(part.path))
            return load_parquet().read_table(data, columns=columns)
        except arrow.ArrowInvalid as error:
            name = part.path.rpartition("/")[2]
            aside = self.place.joined(f"_broken-{name}")
            LOG.warning("%s isn't whole (%s): renamed to %s, its pictures are read again", name, error, aside.name)
            part.files.mv(part.path, aside.path)
            return None
