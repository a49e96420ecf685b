"""What every sink offers."""

from typing import Protocol

from lpr_edge.records import Record


class Sink(Protocol):
    """Takes records, in order."""

    def write(self, record: Record) -> None:
        """Take one record; on return it is where the sink promises that it is."""
        ...

    def close(self) -> None:
        """Finish what is under way."""
        ...
