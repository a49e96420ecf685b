"""The device's settings: one frozen dataclass, from a TOML file, the environment and flags; later ones win."""

import argparse
import dataclasses
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from lpr_edge.base import units
from lpr_edge.base.web_address import check_token, parse_address
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.settings import SECRET, check_table, check_texts, read_table
from lpr_edge.contract.url import redact, redact_command

RUNTIME_NAMES = ("auto", "litert", "tflite", "onnxruntime", "opencv")
"""`auto` and `runtimes.RUNTIMES`; written out here so that --help needs nothing heavy."""

PREFIX = "LPR_"
FILE_VARIABLE = "LPR_CONFIG"
"""The environment's way to say --config."""


ONLY_CAMERA = ("size` or `fps", "given", "left out where `source` is read: they are asked of a camera")
LEAST_QUOTA = 1_000_000
"""An empty store and its log take up to half of it."""


@dataclass(frozen=True)
class Config:
    """What `lpr-edge` is told; what stands below a field is its flag's help."""

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
    give_up: str = "0"
    """stop when a camera or stream that was lost isn't back for so long; 0 waits for ever"""
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
    # Of the shipped models' readings of training photographs, 5 % of those below 0.5 were right, 90 % of the others.
    min_confidence: float = 0.5
    """leave out plates whose reading is less likely to be right than this, 0 to 1"""
    any_text: bool = False
    """an event also for a text that no form of the country allows, such as a plate from abroad, or a part of one"""
    looks: int | None = None
    """small or doubtful plates of a picture that are seen again in three views, at most (default: 8 in photographs;
    0 in clips and cameras, which show a plate more than once)"""
    every_frame: bool = False
    """a record for each frame, not for each vehicle"""
    gap: str = "10s"
    """a vehicle that is back before so long has no second event"""
    max_frames: int | None = None
    """stop after so many frames or pictures"""
    show: bool = False
    """a window with corners and text; q closes it"""
    save_video: Path | None = None
    """a clip with corners and text (.mp4, .avi, .mkv)"""
    save_images: Path | None = None
    """folder for each picture, or each vehicle's best frame, so drawn"""
    list: Path | None = None
    """file of plates to look out for: `plate,name,action`; read again when it changes"""
    list_edits: int = 0
    """a listed plate may differ in so many characters, 0 to 2, where the reading is in doubt; 0 opens no wrong gate"""
    list_doubt: float = 0.8
    """a character of a valid reading counts as in doubt below this confidence"""
    list_wildcard_actions: bool = False
    """a line of the list with `match = wildcard` may have an action, too, which is then done for many vehicles"""
    on_match: str = ""
    """program to run when a listed plate with an action comes; action, plate and name follow its own arguments"""
    on_match_timeout: str = "10s"
    """the program is killed when it takes longer"""
    hash_plates: bool = False
    """keyed hashes in place of plates, everywhere; pictures are blurred, too"""
    hash_key: Path | None = None
    """file of the key, made where it is missing; without one, in lpr's state folder"""
    blur: bool = False
    """blur plates in pictures that are saved or shown"""
    quiet: bool = False
    """tell of troubles only"""
    verbose: bool = False
    """tell of details, too"""
    store: Path | None = None
    """SQLite file that keeps every event; without it, events are on disk only until all sinks have them"""
    jsonl: Path | None = None
    """file of events, one JSON object a line; put by each day, and where it grows past --rotate-size"""
    csv: Path | None = None
    """the same as a table"""
    snapshots: Path | None = None
    """folder for each vehicle's best frame and its plate"""
    webhook: str = ""
    """address that each event is posted to, with its id as Idempotency-Key; a login in it is sent as Basic"""
    webhook_token: str = field(default="", metadata=SECRET)
    """sent there as a bearer token; better as LPR_WEBHOOK_TOKEN, which no process list shows"""
    mqtt: str = ""
    """broker that each event is published to: mqtt://user@host:1883, or mqtts:// for TLS"""
    mqtt_password: str = field(default="", metadata=SECRET)
    """of that user; better as LPR_MQTT_PASSWORD, which no process list shows"""
    mqtt_ca: Path | None = None
    """certificate of the authority behind the broker's own, where the system doesn't know it"""
    mqtt_topic: str = "lpr"
    """what topics begin with; the device and `event` or `status` follow"""
    mqtt_discovery: bool = True
    """tell Home Assistant about this device"""
    mqtt_pictures: bool = False
    """publish a small picture of each event, too; Home Assistant shows it"""
    mqtt_metrics: str = "60s"
    """how often the device tells the broker how it does; 0 for never"""
    device: str = ""
    """this device's name in topics; without one, the host's"""
    web: str = ""
    """live page in a browser, also /metrics and /health, at HOST:PORT; others than this machine need its token"""
    web_token: str = field(default="", metadata=SECRET)
    """password of the live page, 16 characters or more; better as LPR_WEB_TOKEN; without one, a new one is said"""
    health_after: str = "30s"
    """at /health the device is ill when it has had no frame for so long"""
    keep: str = "30d"
    """events, files and pictures that are older are deleted; 0 keeps them all"""
    quota: str = "1GB"
    """of more than this on disk, the oldest are deleted; 0 for no limit"""
    rotate_size: str = "10MB"
    """largest file of --jsonl and --csv; never more than an eighth of --quota"""
    trust_clock: bool = False
    """delete by age though no time service holds the clock, as where it has a battery and no network"""

    def __post_init__(self) -> None:
        """Refuse values that no run could use.

        Raises:
            LprError: a value is out of its range, or two exclude each other.
        """
        _require(self.camera is None or not self.source, "camera", self.camera, "left out where `source` is given")
        _require(self.camera is None or self.camera >= 0, "camera", self.camera, "0 or more")
        _require(self.runtime in RUNTIME_NAMES, "runtime", self.runtime, f"one of {', '.join(RUNTIME_NAMES)}")
        _require(self.threads >= 1, "threads", self.threads, "1 or more")
        _require(self.looks is None or self.looks >= 0, "looks", self.looks, "0 or more")
        _require(0 <= self.min_confidence <= 1, "min_confidence", self.min_confidence, "0 to 1")
        _require(self.max_frames is None or self.max_frames >= 1, "max_frames", self.max_frames, "1 or more")
        _require(self.rotate in (0, 90, 180, 270), "rotate", self.rotate, "0, 90, 180 or 270")
        _require(self.every >= 1, "every", self.every, "1 or more")
        _require(self.fps is None or 0 < self.fps <= 1000, "fps", self.fps, "more than 0")
        _require(not self.size or self.size_wh is not None, "size", repr(self.size), "such as 1280x720")
        _require(self.camera is not None or not self.source or not (self.size or self.fps), *ONLY_CAMERA)
        for key in ("device", "mqtt_topic"):
            text = getattr(self, key)
            _require(
                not re.search(r"[+#\0\s]|^/|/$", text), key, repr(redact(text)), "without spaces, +, # and outer /"
            )
        _require("/" not in self.device, "device", repr(redact(self.device)), "without /")
        _require(self.rotate_bytes >= 1000, "rotate_size", self.rotate_size, "1kB or more")
        _require(0 <= self.list_edits <= 2, "list_edits", self.list_edits, "0 to 2")
        _require(0 <= self.list_doubt <= 1, "list_doubt", self.list_doubt, "0 to 1")
        _require(
            bool(self.list) or not self.on_match,
            "on_match",
            repr(redact_command(self.on_match)),
            "left out without `list`",
        )
        _require(
            bool(self.hash_plates) or not self.hash_key, "hash_key", self.hash_key, "left out without `hash_plates`"
        )
        _require(not (self.quiet and self.verbose), "quiet", True, "off where `verbose` is on")
        waits = units.seconds(self.on_match_timeout, "on_match_timeout")
        _require(waits > 0, "on_match_timeout", repr(self.on_match_timeout), "more than 0")
        units.seconds(self.keep, "keep")
        units.seconds(self.gap, "gap")
        units.seconds(self.give_up, "give_up")
        units.seconds(self.mqtt_metrics, "mqtt_metrics")
        _require(units.seconds(self.health_after, "health_after") > 0, "health_after", self.health_after, "above 0")
        _require(bool(self.mqtt) or not self.mqtt_pictures, "mqtt_pictures", True, "off without `mqtt`")
        _require(
            self.quota_bytes == 0 or self.quota_bytes >= LEAST_QUOTA, "quota", repr(self.quota), "1MB or more, or 0"
        )
        if self.web:
            parse_address(self.web)
        check_token(self.web_token)
        is_sendable = re.fullmatch(r"[ -~]*", self.webhook_token) is not None
        _require(is_sendable, "webhook_token", "not shown here", "one line of plain letters, digits and signs")
        _require(not (self.stores and self.every_frame), "every_frame", True, "off where events are stored or sent on")

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """Width and height asked of the camera."""
        match = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", self.size)
        return (int(match[1]), int(match[2])) if match else None

    @property
    def gap_time(self) -> timedelta:
        """Longest absence within one visit."""
        return timedelta(seconds=units.seconds(self.gap, "gap"))

    @property
    def keep_seconds(self) -> float:
        """Oldest age; 0 for none."""
        return units.seconds(self.keep, "keep")

    @property
    def quota_bytes(self) -> int:
        """Most bytes on disk; 0 for no limit."""
        return units.size(self.quota, "quota")

    @property
    def rotate_bytes(self) -> int:
        """Largest file of lines."""
        return units.size(self.rotate_size, "rotate_size")

    @property
    def device_name(self) -> str:
        """This device's name."""
        return self.device or socket.gethostname()

    @property
    def stores(self) -> bool:
        """Whether anything but stdout gets events."""
        return any((self.store, self.jsonl, self.csv, self.snapshots, self.webhook, self.mqtt, self.list))

    @property
    def sends(self) -> bool:
        """Whether a sink gets events as records, and can be given those of the past."""
        return any((self.jsonl, self.csv, self.webhook, self.mqtt))

    @property
    def blurs(self) -> bool:
        """Whether pictures show no plates: a hash would be for nothing beside a picture."""
        return self.blur or self.hash_plates


def _require(holds: bool, key: str, found: object, expected: str) -> None:
    if not holds:
        raise LprError(f"Setting `{key}` is {found}, and it must be {expected}.")


def load_config(file: Path | None, environment: Mapping[str, str] = os.environ) -> Config:
    """Settings from a file, if any, and the environment's `LPR_...` over it.

    Args:
        file: TOML; None for that of LPR_CONFIG, if it is set.
        environment: as the process has it.

    Raises:
        LprError: the file can't be read, a key is unknown, or a value can't be used.
    """
    texts = {name: text for name, text in environment.items() if name.startswith(PREFIX)}
    named = texts.pop(FILE_VARIABLE, "")
    path = file or (Path(named) if named else None)
    values = check_table(Config, read_table(path), str(path)) if path else {}
    return _checked(_over(values, check_texts(Config, texts, "environment", PREFIX)), path)


def _checked(values: dict[str, Any], path: Path | None) -> Config:
    try:
        return Config(**values)
    except LprError as error:
        raise LprError(f"{path or 'environment'}: {error}") from error


def with_flags(config: Config, flags: argparse.Namespace) -> Config:
    """The settings, with every flag that was given put over them.

    Raises:
        LprError: a value can't be used.
    """
    names = [field.name for field in dataclasses.fields(Config)]
    given = {name: getattr(flags, name) for name in names if hasattr(flags, name)}
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    kept = {name: getattr(config, name) for name in names}
    return Config(**_over(kept, given | lists))


def _over(values: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Later values over earlier ones; a camera takes the place of a source, and the other way round."""
    merged = values | later
    if ("camera" in later) != ("source" in later):
        merged["source" if "camera" in later else "camera"] = "" if "camera" in later else None
    return merged
