"""A block: the pictures that one worker reads at once, and that make one part of the results."""

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Rows:
    """Rows of a Parquet file that hold pictures themselves."""

    file: str
    """Path or URL."""
    column: str
    group: int
    """The row group."""
    numbers: tuple[int, ...]
    """Rows within the group, rising."""


@dataclass(frozen=True)
class Block:
    """Pictures that are read together."""

    sources: tuple[str, ...]
    """Names in the results; without `rows`, these are the files' paths or URLs."""
    rows: Rows | None = None
    """Where the pictures lie in a Parquet file, in the order of `sources`."""

    @property
    def name(self) -> str:
        """16 hexadecimal digits: the same pictures have the same name in every run."""
        return hashlib.sha256("\n".join(self.sources).encode()).hexdigest()[:16]

    def to_text(self) -> str:
        """The block as JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_text(text: str) -> "Block":
        """A block from what `to_text` wrote."""
        values = json.loads(text)
        rows = values["rows"]
        if rows is not None:
            rows = Rows(rows["file"], rows["column"], rows["group"], tuple(rows["numbers"]))
        return Block(tuple(values["sources"]), rows)
