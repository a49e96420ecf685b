"""A sink that adds a line of text to a file for each vehicle."""

import os
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.base.finding import Finding, State, fine
from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.sink import DeliveryError, SinkSettings, Site, StoredEvent, Target


class TallyFile:
    """The open sink: the outbox gives it one event after the other."""

    name = "tally"
    wants_pictures = False

    def __init__(self, path: Path, separator: str) -> None:
        self.path, self.separator = path, separator

    def deliver(self, stored_event: StoredEvent) -> None:
        """Add a line. After a `DeliveryError` the outbox gives the same event again, later."""
        record = stored_event.record
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(self.separator.join((record["first_seen"], record["text"], record["latin"])) + "\n")
        except OSError as error:
            raise DeliveryError(f"can't write to {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Every line is in the file already."""


@dataclass(frozen=True)
class TallySettings(SinkSettings):
    """`--tally FILE` turns the sink on; `--tally-separator TEXT` is its other flag."""

    name = "tally"

    path: Path | None = None
    """file that gets a line for each vehicle"""
    separator: str = " "
    """what stands between time, text and Latin text"""

    def check(self) -> None:
        """Look at the settings before anything is opened."""
        if "\n" in self.separator:
            raise LprError("tally_separator holds a line end: give another text, such as `;`")

    def open(self, site: Site) -> Target:  # noqa: ARG002 - a file needs to know nothing of the device
        """Open the sink."""
        assert self.path is not None
        return TallyFile(self.path, self.separator)

    def examine(self, site: Site) -> Finding:  # noqa: ARG002
        """A line of `lpr-edge --doctor`."""
        folder = self.written_folders()[0]
        if os.access(folder, os.W_OK):
            return fine("tally", f"writes to {self.path}")
        return Finding("tally", State.REPAIR, f"{folder} can't be written", f"mkdir -p {folder}, or take another")

    def written_folders(self) -> tuple[Path, ...]:
        """What the systemd service must let it write to."""
        return () if self.path is None else (self.path.absolute().parent,)
