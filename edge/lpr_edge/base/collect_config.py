"""The settings of collecting readings worth labelling."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from lpr_edge.contract.base.settings import require_setting
from lpr_edge.contract.base.units import ByteSize, format_size

LEAST_QUOTA = 1_000_000
"""Less holds hardly a frame."""
HALF_GIGABYTE = ByteSize(5 * 10**8)


@dataclass(frozen=True)
class CollectConfig:
    """What is collected for labelling and training, and how much of it is kept."""

    collect: Path | None = None
    """data folder for pictures worth labelling: low-confidence readings, and frames that a vehicle's vote corrects"""
    collect_crops: bool = False
    """keep plates cut out, in place of whole frames"""
    collect_below: float = 0.8
    """a vehicle whose vote has a lower confidence is collected for labelling, 0 to 1"""
    collect_votes: float = 0.95
    """a vote of at least this confidence labels the vehicle's frames that read differently, 0 to 1"""
    collect_quota: ByteSize = HALF_GIGABYTE
    """of more than this collected, the oldest pictures are deleted; 0 for no limit; what a person labelled stays"""
    collect_keep: timedelta = timedelta(days=30)
    """collected pictures that are older are deleted; 0 keeps them all; what a person labelled stays"""

    def __post_init__(self) -> None:
        """Refuse figures out of range, and limits of nothing."""
        below, votes = self.collect_below, self.collect_votes
        require_setting(0 <= below <= 1, "collect_below", below, "0 to 1")
        require_setting(below <= votes <= 1, "collect_votes", votes, "`collect_below` to 1")
        quota = repr(format_size(self.collect_quota))
        is_quota = self.collect_quota == 0 or self.collect_quota >= LEAST_QUOTA
        require_setting(is_quota, "collect_quota", quota, "1MB or more, or 0")
        is_used = self.collect is not None or not self.collect_crops
        require_setting(is_used, "collect_crops", self.collect_crops, "left out without `collect`")
