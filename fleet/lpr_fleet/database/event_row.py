"""One event as a row of the database."""

from dataclasses import dataclass
from datetime import datetime

from lpr_edge.contract.records import Record

Key = tuple[str, str, str, datetime]


@dataclass(frozen=True)
class EventRow:
    """A row of `events`."""

    device: str
    id: str
    kind: str
    """`plate` or `left`."""
    first_seen: datetime
    last_seen: datetime
    source: str
    text: str
    latin: str
    confidence: float
    signs: str
    """One character for each sign of the plate: see `PlateKeys`."""
    grams: str
    """What the trigram index of `plates` holds."""
    record: Record
    """The message as it came."""

    @property
    def key(self) -> Key:
        """The same key again is the same event, delivered twice."""
        return self.device, self.id, self.kind, self.first_seen
