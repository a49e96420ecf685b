"""`--history`: stores the outbox's events in the history in batches, and deletes old ones."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from lpr_edge.base.board import clock_is_held
from lpr_edge.base.clock import Clock
from lpr_edge.base.log import log_info, warn
from lpr_edge.base.state_dir import state_folder
from lpr_edge.contract.base.units import GIGABYTE, NO_TIME, ByteSize, format_duration, format_size, require_setting
from lpr_edge.delivery.clock_check import clock_problem
from lpr_edge.delivery.sink import DeliveryError, SinkSettings, Site, StoredEvent, Target
from lpr_edge.history.store import History

PRUNE_EVERY_S = 3600.0
MERGE_EVERY_S = 86_400.0
MIN_QUOTA = 1_000_000


class HistoryTarget:
    """Writes events to the history, and deletes by age and quota."""

    name = "history"

    def __init__(
        self,
        history: History,
        keep_s: float,
        quota_bytes: int,
        is_clock_held: Callable[[], bool | None] = clock_is_held,
    ) -> None:
        """Wrap the history.

        Args:
            history: is written by the thread that delivers.
            keep_s: age in seconds at which events are deleted.
            quota_bytes: of pictures; 0 keeps none.
            is_clock_held: whether a time service synchronises the clock, None if unknown.
        """
        self._history = history
        self._keep_s, self._quota_bytes = keep_s, quota_bytes
        self.wants_pictures = quota_bytes > 0
        self._is_clock_held = is_clock_held
        self._clock = Clock()
        self._begun = time.time()
        self._pruned: float | None = None
        """When old events were last deleted (`monotonic`)."""
        self._merged = time.monotonic()
        """When the index was last merged (`monotonic`)."""
        self._known: float | None = None
        self._clock_problem = ""

    def deliver(self, stored_event: StoredEvent) -> None:
        """Store one event."""
        self.deliver_all([stored_event])

    def deliver_all(self, stored_events: Sequence[StoredEvent]) -> None:
        """Store events in one transaction, since each transaction costs a memory card several writes."""
        try:
            self._history.add([(event.record, event.pictures) for event in stored_events])
        except (sqlite3.Error, OSError) as error:
            raise DeliveryError(f"can't write to the history {self._history.path} ({error})") from error

    def tick(self) -> None:
        """Delete old events at intervals."""
        moved_s = self._clock.follow().total_seconds()
        try:
            if moved_s:
                self._history.move_times(self._begun, moved_s)
                self._begun += moved_s
            if self._pruned is None or time.monotonic() - self._pruned >= PRUNE_EVERY_S:
                self._pruned = time.monotonic()
                self.prune(time.time())
            if time.monotonic() - self._merged >= MERGE_EVERY_S:
                self._merged = time.monotonic()
                self._history.merge()
        except (sqlite3.Error, OSError) as error:
            warn(f"old events can't be deleted from the history {self._history.path} ({error}): look at the disk")

    def prune(self, now: float) -> None:
        """Delete events and images beyond age and quota; none by age while the clock isn't plausible."""
        if self._quota_bytes:
            self._history.drop_pictures(self._quota_bytes)
        if self._known is None:
            self._known = self._history.known_time()
        problem = clock_problem(now, self._known, self._is_clock_held())
        if problem and problem != self._clock_problem:
            warn(f"nothing is deleted from the history for its age while the clock can't be believed ({problem})")
        self._clock_problem = problem
        if not problem:
            self._known = now
            self._history.confirm_clock(now)
            self._history.drop_before(now - self._keep_s)

    def close(self) -> None:
        """Close the file."""
        self._history.close()


@dataclass(frozen=True)
class HistorySettings(SinkSettings):
    """Settings of the history."""

    name = "history"
    sends_records = False

    keep: timedelta = NO_TIME
    """keep events so long, such as 30d, to be searched on the live page and with `lpr-edge events`; 0 keeps none"""
    folder: Path | None = None
    """folder of the history; without one, in lpr's state folder"""
    quota: ByteSize = GIGABYTE
    """pictures of the history take no more; the oldest are deleted and their events stay; 0 keeps no pictures"""

    def __post_init__(self) -> None:
        """Reject ages and sizes that are too small."""
        require_setting(self.keep >= NO_TIME, "history", repr(format_duration(self.keep)), "0 or more")
        size = repr(format_size(self.quota))
        require_setting(self.quota == 0 or self.quota >= MIN_QUOTA, "history_quota", size, "1MB or more, or 0")

    @property
    def path(self) -> Path:
        """Folder of the history.

        Raises:
            LprError: none is given, and this user has no state folder.
        """
        return self.folder or state_folder() / "history"

    def open(self, site: Site) -> Target:
        """See `SinkSettings.open`."""
        history = History(self.path, site.load_country())
        log_info(f"events are kept for {format_duration(self.keep)} in {history.path}")
        held = (lambda: True) if site.trust_clock else clock_is_held
        return HistoryTarget(history, self.keep.total_seconds(), self.quota, held)

    def written_folders(self) -> list[Path]:
        """The folder."""
        return [self.folder] if self.folder else []
