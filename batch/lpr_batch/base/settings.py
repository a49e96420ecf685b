"""Settings of the command, each a flag."""

from dataclasses import dataclass
from pathlib import Path

from lpr_edge.config.extensions import AUTO, RuntimeName
from lpr_edge.contract.base.units import require_setting


@dataclass(frozen=True)
class BatchSettings:
    """How an archive is read."""

    column: str | None = None
    """column of Parquet files that has pictures as bytes, paths or URLs; without it, picture files are read"""
    address: str | None = None
    """Ray cluster, HOST:6379, or auto for the one that this machine is part of; without it, this machine alone"""
    workers: int | None = None
    """worker processes, one core each; without it, all cores"""
    block: int = 128
    """pictures of one part of the results: a stopped run loses the unfinished parts"""
    errors_again: bool = False
    """read the pictures again that have an error in the results"""
    detector: Path | None = None
    """model file of the detector; without it, the shipped one"""
    reader: Path | None = None
    """model file of the reader; without it, the shipped one"""
    runtime: RuntimeName = AUTO
    """inference runtime, as for lpr-edge"""
    min_confidence: float | None = None
    """plates with a lower confidence have no row, 0 to 1; without it, what the reader's file says"""
    tta: int | None = None
    """most plates of a picture that get test-time augmentation; without it, as lpr-edge --source"""

    def __post_init__(self) -> None:
        """Refuse what can't work."""
        require_setting(self.block >= 1, "block", self.block, "1 or more")
        require_setting(self.workers is None or self.workers >= 1, "workers", self.workers, "1 or more")
        least = self.min_confidence
        require_setting(least is None or 0 <= least <= 1, "min_confidence", least, "from 0 to 1")
        require_setting(self.tta is None or self.tta >= 0, "tta", self.tta, "0 or more")
