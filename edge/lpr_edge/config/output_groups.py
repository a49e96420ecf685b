"""Settings of what goes out: pictures, matches, events, pages; the text of a field is its flag's help."""

import re
import socket
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from lpr_edge.base.web_address import WebAddress, check_token
from lpr_edge.config.actions import MatchAction
from lpr_edge.contract.base.units import GIGABYTE, NO_TIME, ByteSize, format_duration, format_size, require_setting
from lpr_edge.contract.base.url import redact, redact_command
from lpr_edge.contract.settings.fields import SECRET

MIN_QUOTA = 1_000_000
"""An empty store and its log take up to half of it."""
TEN_MEGABYTES = ByteSize(10**7)
HALF_GIGABYTE = ByteSize(5 * 10**8)


@dataclass(frozen=True)
class OutputConfig:
    """Settings of annotated frames: what is drawn, shown and recorded."""

    show: bool = False
    """a window with corners and text; q closes it"""
    save_video: Path | None = None
    """a clip with corners and text (.mp4, .avi, .mkv)"""
    save_images: Path | None = None
    """folder for each picture, or each vehicle's best frame, so drawn"""


@dataclass(frozen=True)
class WatchlistConfig:
    """Settings of the watch list and its actions."""

    list: Path | None = None
    """file of plates to look out for: `plate,name,action`; read again when it changes"""
    list_edits: int = 0
    """number of low-confidence characters, 0 to 2, in which a listed plate may differ; 0 opens no wrong gate"""
    list_edits_below: float = 0.8
    """confidence below which a character of a valid reading may differ from the list"""
    list_wildcard_actions: bool = False
    """a line of the list with `match = wildcard` may have an action, too, which is then done for many vehicles"""
    on_match: MatchAction | None = None
    """program to run when a listed plate with an action comes; action, plate and name follow its own arguments. Or a
    relay's pin (BCM), which is switched for the action `open`, as gpio:17, or for another one, as gpio:17:barrier"""
    on_match_timeout: timedelta = timedelta(seconds=10)
    """the program is killed when it takes longer"""
    on_match_pulse: timedelta = timedelta(seconds=1)
    """time for which a relay is on"""
    on_match_lock_out: timedelta = timedelta(seconds=5)
    """from the start of a pulse, further matches don't switch the relay for so long"""
    on_match_active_low: bool = False
    """the relay is on while its pin is low, as many boards have it"""

    def __post_init__(self) -> None:
        """Reject values out of range, and an action without a list."""
        require_setting(0 <= self.list_edits <= 2, "list_edits", self.list_edits, "0 to 2")
        require_setting(0 <= self.list_edits_below <= 1, "list_edits_below", self.list_edits_below, "0 to 1")
        command = repr(redact_command(str(self.on_match)))
        require_setting(bool(self.list) or not self.on_match, "on_match", command, "left out without `list`")
        waits = self.on_match_timeout
        require_setting(waits > NO_TIME, "on_match_timeout", repr(format_duration(waits)), "more than 0")
        pulse = self.on_match_pulse
        require_setting(pulse > NO_TIME, "on_match_pulse", repr(format_duration(pulse)), "more than 0")


@dataclass(frozen=True)
class PrivacyConfig:
    """Settings of privacy: hashed texts and blurred plates."""

    hash_plates: bool = False
    """keyed hashes in place of plates, everywhere; pictures are blurred, too"""
    hash_key: Path | None = None
    """file of the key, made where it is missing; without one, in lpr's state folder"""
    blur: bool = False
    """blur plates in pictures that are saved or shown"""

    def __post_init__(self) -> None:
        """Reject a key that nothing uses."""
        is_used = bool(self.hash_plates) or not self.hash_key
        require_setting(is_used, "hash_key", self.hash_key, "left out without `hash_plates`")

    @property
    def blurs(self) -> bool:
        """Whether plates are blurred in images: hashed texts require it, since an image would show the plate."""
        return self.blur or self.hash_plates


@dataclass(frozen=True)
class LogConfig:
    """Settings of the log on stderr."""

    quiet: bool = False
    """report problems only"""
    verbose: bool = False
    """report details, too"""

    def __post_init__(self) -> None:
        """Reject --quiet together with --verbose."""
        require_setting(not (self.quiet and self.verbose), "quiet", True, "off where `verbose` is on")


@dataclass(frozen=True)
class DeliveryConfig:
    """Settings of storage on disk, common to all sinks."""

    store: Path | None = None
    """SQLite file that keeps every event; without it, events are on disk only until all sinks have them"""
    device: str = ""
    """this device's name in topics; without one, the host's"""
    keep: timedelta = timedelta(days=30)
    """events, files and pictures that are older are deleted; 0 keeps them all"""
    quota: ByteSize = GIGABYTE
    """of more than this on disk, the oldest are deleted; 0 for no limit"""
    rotate_size: ByteSize = TEN_MEGABYTES
    """largest file of --jsonl and --csv; never more than an eighth of --quota"""
    trust_clock: bool = False
    """delete by age though no time service holds the clock, as where it has a battery and no network"""

    def __post_init__(self) -> None:
        """Reject names that no topic can have, and sizes that are too small."""
        require_topic(self.device, "device")
        require_setting("/" not in self.device, "device", repr(redact(self.device)), "without /")
        size, quota = format_size(self.rotate_size), repr(format_size(self.quota))
        require_setting(self.rotate_size >= 1000, "rotate_size", size, "1kB or more")
        require_setting(self.quota == 0 or self.quota >= MIN_QUOTA, "quota", quota, "1MB or more, or 0")

    @property
    def device_name(self) -> str:
        """This device's name."""
        return self.device or socket.gethostname()

    @property
    def largest_file(self) -> int:
        """Bytes at which a file of events is rotated: only rotated files can be deleted for the quota."""
        return min(self.rotate_size, self.quota // 8 or self.rotate_size)


@dataclass(frozen=True)
class WebConfig:
    """Settings of the live page."""

    web: WebAddress | None = None
    """live page in a browser, also /metrics and /health, at HOST:PORT; others than this machine need its token"""
    web_token: str = field(default="", metadata=SECRET)
    """password of the live page, 16 characters or more; better as LPR_WEB_TOKEN; without one, a new one is said"""
    web_admin_token: str = field(default="", metadata=SECRET)
    """password for changes in the live page: list, region and line; better as LPR_WEB_ADMIN_TOKEN; without one, nobody
    can make them"""
    health_after: timedelta = timedelta(seconds=30)
    """at /health the device is ill when it has had no frame for so long"""

    def __post_init__(self) -> None:
        """Reject an invalid token."""
        after = format_duration(self.health_after)
        require_setting(self.health_after > NO_TIME, "health_after", after, "above 0")
        check_token(self.web_token)
        check_token(self.web_admin_token, "web_admin_token")
        is_own = not self.web_admin_token or self.web_admin_token != self.web_token
        require_setting(is_own, "web_admin_token", "that of `web_token`", "another one")


@dataclass(frozen=True)
class CollectConfig:
    """Settings of collecting examples for labelling and training."""

    collect: Path | None = None
    """data folder for pictures worth labelling: low-confidence readings, and frames that a vehicle's vote corrects"""
    collect_crops: bool = False
    """keep plates cut out, in place of whole frames"""
    collect_below: float = 0.8
    """a vehicle whose vote has a lower confidence is collected for labelling, 0 to 1"""
    collect_votes: float = 0.8
    """a vote of at least this confidence labels the vehicle's frames that read differently, 0 to 1"""
    collect_quota: ByteSize = HALF_GIGABYTE
    """of more than this collected, the oldest pictures are deleted; 0 for no limit; what a person labelled stays"""
    collect_keep: timedelta = timedelta(days=30)
    """collected pictures that are older are deleted; 0 keeps them all; what a person labelled stays"""

    def __post_init__(self) -> None:
        """Reject values out of range, and limits of zero."""
        below, votes = self.collect_below, self.collect_votes
        require_setting(0 <= below <= 1, "collect_below", below, "0 to 1")
        require_setting(below <= votes <= 1, "collect_votes", votes, "`collect_below` to 1")
        quota = repr(format_size(self.collect_quota))
        is_quota = self.collect_quota == 0 or self.collect_quota >= MIN_QUOTA
        require_setting(is_quota, "collect_quota", quota, "1MB or more, or 0")
        is_used = self.collect is not None or not self.collect_crops
        require_setting(is_used, "collect_crops", self.collect_crops, "left out without `collect`")


def require_topic(text: str, key: str) -> None:
    """Reject a part of an MQTT topic that no broker accepts.

    Raises:
        LprError: it can't be one.
    """
    is_topic = not re.search(r"[+#\0\s]|^/|/$", text)
    require_setting(is_topic, key, repr(redact(text)), "without spaces, +, # and outer /")
