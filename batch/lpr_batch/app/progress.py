"""Progress on stderr, and the numbers at the end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from lpr_batch.base.log import LOG
from lpr_batch.reading.block_reader import Outcome

PAUSE_S = 10.0
"""Between two lines."""


@dataclass
class Progress:
    """Counts what was read."""

    total: int
    """Pictures of this run."""
    now: Callable[[], float] = monotonic
    pictures: int = 0
    plates: int = 0
    errors: int = 0
    machines: set[str] = field(default_factory=set)
    """Those that read pictures."""

    def __post_init__(self) -> None:
        """Start the clock."""
        self.start_s = self._said_s = self.now()

    def add(self, outcome: Outcome) -> None:
        """Count a block, and report from time to time."""
        self.pictures += outcome.pictures
        self.plates += outcome.plates
        self.errors += outcome.errors
        self.machines.add(outcome.machine)
        if self.now() - self._said_s >= PAUSE_S:
            self._said_s = self.now()
            LOG.info("%s", self.line())

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.now() - self.start_s

    def line(self) -> str:
        """How far it is, how fast, and how long it takes at this rate."""
        rate = self.pictures / max(self.seconds, 1e-9)
        left = timedelta(seconds=round((self.total - self.pictures) / rate)) if rate else "?"
        return (
            f"{self.pictures:,} of {self.total:,} pictures, {self.plates:,} plates, {self.errors:,} errors; "
            f"{rate:.1f} pictures/s, {left} left"
        )
