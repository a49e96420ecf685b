"""What archives are made of: pictures that can be read in one go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from lpr_batch.plan.block import Rows


@dataclass(frozen=True)
class Group:
    """Pictures in their order: files of one archive, or the rows of one row group."""

    sources: Sequence[str]
    """Their names: paths, URLs, or `FILE#ROW`."""
    rows: Rows | None = None
    """For rows, where they lie; its numbers are those of all sources."""


class Archive(Protocol):
    """Pictures that are listed before they are read."""

    def groups(self) -> Iterator[Group]:
        """All of its pictures.

        Raises:
            LprError: it can't be listed, or has none.
        """

    @property
    def unreadable(self) -> int:
        """Files that hold pictures and couldn't be listed; known after `groups` has ended."""
