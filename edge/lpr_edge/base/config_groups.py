"""The device's settings, one frozen dataclass for each subject; what stands below a field is its flag's help."""

import re
import socket
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from lpr_edge.base.extensions import RUNTIMES
from lpr_edge.base.web_address import check_token, parse_address
from lpr_edge.contract.base.settings import SECRET, require_setting
from lpr_edge.contract.base.units import ByteSize, format_duration, format_size
from lpr_edge.contract.base.url import parse_url, redact, redact_command

ONLY_CAMERA = ("size` or `fps", "given", "left out where `source` is read: they are asked of a camera")
EVENTS = ("plate", "all")
USUAL_FPS = 10.0
"""Frames a second that a live source is read at, at least, where nothing else is asked for."""
MIN_QUOTA = 1_000_000
"""An empty store and its log take up to half of it."""
NO_TIME = timedelta(0)
UPDATE_CHANNELS = ("auto", "stable", "canary")
MIN_EVERY = timedelta(minutes=1)
GIGABYTE = ByteSize(10**9)
TEN_MEGABYTES = ByteSize(10**7)
HALF_GIGABYTE = ByteSize(5 * 10**8)


@dataclass(frozen=True)
class CaptureConfig:
    """Where frames come from."""

    camera: int | None = None
    """read the camera of that number; 0 is the first"""
    source: str = ""
    """read a picture, a folder of pictures, a video file or a stream's URL"""
    source_name: str = ""
    """what records call the source, in place of its address; of pictures, their names follow it"""
    size: str = ""
    """ask the camera for pictures of this size, such as 1280x720"""
    fps: float | None = None
    """ask the camera for so many pictures a second"""
    rotate: int = 0
    """turn pictures clockwise by 90, 180 or 270 degrees"""
    every: int = 1
    """read one frame of so many"""
    roi: str = ""
    """read plates in this part alone: corners in shares of width and height, '0.1,0.5 0.9,0.5 0.9,1 0.1,1'"""
    tiles: str = "auto"
    """look at large frames in tiles, too: auto, off, or columns and rows such as 4x3; auto is for frames more than four
    times as wide as the detector's input"""
    line: str = ""
    """vehicles go in or out over this line: its ends in shares of width and height, '0,0.6 1,0.6'; in is downwards
    where it is drawn from left to right"""
    give_up: timedelta = NO_TIME
    """stop when a camera or stream that was lost isn't back for so long; 0 waits for ever"""

    def __post_init__(self) -> None:
        """Refuse what no camera or file can give."""
        require_setting(
            self.camera is None or not self.source, "camera", self.camera, "left out where `source` is given"
        )
        require_setting(self.camera is None or self.camera >= 0, "camera", self.camera, "0 or more")
        require_setting(self.rotate in (0, 90, 180, 270), "rotate", self.rotate, "0, 90, 180 or 270")
        require_setting(self.every >= 1, "every", self.every, "1 or more")
        require_setting(self.fps is None or 0 < self.fps <= 1000, "fps", self.fps, "more than 0")
        require_setting(not self.size or self.size_wh is not None, "size", repr(self.size), "such as 1280x720")
        require_setting(self.camera is not None or not self.source or not (self.size or self.fps), *ONLY_CAMERA)

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """Width and height asked of the camera."""
        match = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", self.size)
        return (int(match[1]), int(match[2])) if match else None

    @property
    def frame_budget_s(self) -> float | None:
        """Seconds that a frame's tiles may take: a live source goes on meanwhile; None for a file, which waits."""
        return 1 / (self.fps or USUAL_FPS) if self.is_live else None

    @property
    def is_live(self) -> bool:
        """Whether frames come as they are taken: from a camera, or a stream."""
        return self.camera is not None or "://" in self.source

    @property
    def is_given(self) -> bool:
        """Whether there is anything to read."""
        return self.camera is not None or bool(self.source)


@dataclass(frozen=True)
class ModelConfig:
    """The models, and what runs them."""

    detector: Path | None = None
    """find plates with this model, not the shipped one"""
    reader: Path | None = None
    """read plates with this model, not the shipped one"""
    classifier: Path | None = None
    """for --characters: this model, not the shipped one"""
    runtime: str = "auto"
    """what runs the models: auto, litert, tflite, onnxruntime or opencv"""
    threads: int = 1
    """for each model"""

    def __post_init__(self) -> None:
        """Refuse a runtime that nobody brings, and no threads."""
        if self.runtime != "auto" and self.runtime not in RUNTIMES:
            require_setting(False, "runtime", self.runtime, f"one of {', '.join(('auto', *RUNTIMES.names()))}")
        require_setting(self.threads >= 1, "threads", self.threads, "1 or more")


@dataclass(frozen=True)
class UpdateConfig:
    """Where models come from that a device updates itself with."""

    models: str = ""
    """take models from the TUF repository at this URL, checked before they are used; off without it"""
    models_root: Path | None = None
    """root metadata file of the repository, which its publisher gave: what is signed otherwise is refused"""
    models_channel: str = "auto"
    """stable, canary, or auto: canary for the share of devices that the publisher wants, by a hash of --device"""
    models_every: timedelta = timedelta(hours=6)
    """time from one look for updates to the next"""

    def __post_init__(self) -> None:
        """Refuse an address that can't be asked, one whose root isn't known, and a check without end."""
        if self.models:
            parse_url(self.models, ("https", "http"), "models", "https://models.example.org/lpr")
        has_root = self.models_root is not None
        require_setting(has_root or not self.models, "models_root", "missing", "given where `models` is")
        require_setting(bool(self.models) or not has_root, "models_root", self.models_root, "left out without `models`")
        channel = self.models_channel
        require_setting(channel in UPDATE_CHANNELS, "models_channel", repr(channel), ", ".join(UPDATE_CHANNELS))
        every = self.models_every
        require_setting(every >= MIN_EVERY, "models_every", repr(format_duration(every)), "1m or more")


@dataclass(frozen=True)
class ReadingConfig:
    """Which readings become records."""

    min_confidence: float | None = None
    """leave out plates whose reading is less likely to be right than this, 0 to 1 (default: in photographs what the
    reader's file says, from which on nearly all readings are right; 0.5 in clips and cameras)"""
    any_text: bool = False
    """an event also for a text that no form of the country allows, such as a plate from abroad, or a part of one"""
    tta: int | None = None
    """proposals of a picture that are seen again in three views, at most, its tiles too (default: 8 in photographs;
    0 in clips and cameras, which show a plate more than once)"""
    every_frame: bool = False
    """a record for each frame, not for each vehicle"""
    events: str = "plate"
    """plate: an event for each vehicle; all: another one, `left`, when it has left, with dwell time and direction"""
    gap: timedelta = timedelta(seconds=10)
    """a vehicle that is back before so long has no second event"""
    max_frames: int | None = None
    """stop after so many frames or pictures"""

    def __post_init__(self) -> None:
        """Refuse figures out of range, and kinds of events that there aren't."""
        require_setting(self.events in EVENTS, "events", repr(self.events), " or ".join(EVENTS))
        require_setting(self.tta is None or self.tta >= 0, "tta", self.tta, "0 or more")
        least = self.min_confidence
        require_setting(least is None or 0 <= least <= 1, "min_confidence", least, "0 to 1")
        require_setting(self.max_frames is None or self.max_frames >= 1, "max_frames", self.max_frames, "1 or more")


@dataclass(frozen=True)
class OutputConfig:
    """What is drawn, shown and recorded."""

    show: bool = False
    """a window with corners and text; q closes it"""
    save_video: Path | None = None
    """a clip with corners and text (.mp4, .avi, .mkv)"""
    save_images: Path | None = None
    """folder for each picture, or each vehicle's best frame, so drawn"""


@dataclass(frozen=True)
class WatchlistConfig:
    """Listed plates, and what is done when one comes."""

    list: Path | None = None
    """file of plates to look out for: `plate,name,action`; read again when it changes"""
    list_edits: int = 0
    """number of low-confidence characters, 0 to 2, in which a listed plate may differ; 0 opens no wrong gate"""
    list_doubt: float = 0.8
    """confidence below which a character of a valid reading may differ from the list"""
    list_wildcard_actions: bool = False
    """a line of the list with `match = wildcard` may have an action, too, which is then done for many vehicles"""
    on_match: str = ""
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
        """Refuse figures out of range, and an action without a list."""
        require_setting(0 <= self.list_edits <= 2, "list_edits", self.list_edits, "0 to 2")
        require_setting(0 <= self.list_doubt <= 1, "list_doubt", self.list_doubt, "0 to 1")
        command = repr(redact_command(self.on_match))
        require_setting(bool(self.list) or not self.on_match, "on_match", command, "left out without `list`")
        waits = self.on_match_timeout
        require_setting(waits > NO_TIME, "on_match_timeout", repr(format_duration(waits)), "more than 0")
        pulse = self.on_match_pulse
        require_setting(pulse > NO_TIME, "on_match_pulse", repr(format_duration(pulse)), "more than 0")


@dataclass(frozen=True)
class PrivacyConfig:
    """What is hidden."""

    hash_plates: bool = False
    """keyed hashes in place of plates, everywhere; pictures are blurred, too"""
    hash_key: Path | None = None
    """file of the key, made where it is missing; without one, in lpr's state folder"""
    blur: bool = False
    """blur plates in pictures that are saved or shown"""

    def __post_init__(self) -> None:
        """Refuse a key for nothing."""
        is_used = bool(self.hash_plates) or not self.hash_key
        require_setting(is_used, "hash_key", self.hash_key, "left out without `hash_plates`")

    @property
    def blurs(self) -> bool:
        """Whether pictures show no plates: a hash is pointless next to a picture of the plate."""
        return self.blur or self.hash_plates


@dataclass(frozen=True)
class LogConfig:
    """How much is said on stderr."""

    quiet: bool = False
    """report problems only"""
    verbose: bool = False
    """report details, too"""

    def __post_init__(self) -> None:
        """Refuse both."""
        require_setting(not (self.quiet and self.verbose), "quiet", True, "off where `verbose` is on")


@dataclass(frozen=True)
class DeliveryConfig:
    """What is kept on the disk, whatever the sinks."""

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
        """Refuse names that no topic can have, and sizes that nothing fits in."""
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
        """Bytes at which a file of events is rotated: one that still grows is never deleted for the quota."""
        return min(self.rotate_size, self.quota // 8 or self.rotate_size)


@dataclass(frozen=True)
class WebConfig:
    """The live page."""

    web: str = ""
    """live page in a browser, also /metrics and /health, at HOST:PORT; others than this machine need its token"""
    web_token: str = field(default="", metadata=SECRET)
    """password of the live page, 16 characters or more; better as LPR_WEB_TOKEN; without one, a new one is said"""
    web_admin_token: str = field(default="", metadata=SECRET)
    """password for changes in the live page: list, region and line; better as LPR_WEB_ADMIN_TOKEN; without one, nobody
    can make them"""
    health_after: timedelta = timedelta(seconds=30)
    """at /health the device is ill when it has had no frame for so long"""

    def __post_init__(self) -> None:
        """Refuse an address or a token that can't be used."""
        after = format_duration(self.health_after)
        require_setting(self.health_after > NO_TIME, "health_after", after, "above 0")
        if self.web:
            parse_address(self.web)
        check_token(self.web_token)
        check_token(self.web_admin_token, "web_admin_token")
        is_own = not self.web_admin_token or self.web_admin_token != self.web_token
        require_setting(is_own, "web_admin_token", "that of `web_token`", "another one")


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
        is_quota = self.collect_quota == 0 or self.collect_quota >= MIN_QUOTA
        require_setting(is_quota, "collect_quota", quota, "1MB or more, or 0")
        is_used = self.collect is not None or not self.collect_crops
        require_setting(is_used, "collect_crops", self.collect_crops, "left out without `collect`")


def require_topic(text: str, key: str) -> None:
    """Refuse a part of an MQTT topic that no broker takes.

    Raises:
        LprError: it can't be one.
    """
    is_topic = not re.search(r"[+#\0\s]|^/|/$", text)
    require_setting(is_topic, key, repr(redact(text)), "without spaces, +, # and outer /")
