"""Content of a repository of models: releases, and the channels that assign them to devices."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lpr_edge.config.choices import UpdateChannel
from lpr_edge.contract.base.errors import LprError

CHANNELS_TARGET = "channels.json"
"""The target that names each channel's release; the only one that has later versions."""
GOLDEN = "golden.npz"
"""Frames of a release with the texts that its models read on them."""
SCHEMA = 1
CHANNELS = ("canary", "stable")
MODEL_FILE = re.compile(r"(detector|reader)\.[a-z0-9-]+\.(tflite|onnx)")
GOLDEN_FILE = re.compile(r"golden(\.(detector|reader)\.(tflite|onnx)\.[a-z]+)?\.npz")
SHARES = 10_000
"""Steps in which a share of devices is counted."""
KINDS = ("detector", "reader")
"""The networks that a release has."""


class UpdateError(LprError):
    """An update that can't be fetched or used; the current models stay active."""


@dataclass(frozen=True)
class Channels:
    """The releases, and the release of each channel."""

    releases: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Number -> its files' names."""
    stable: int | None = None
    """Release of all devices outside of the canary's share."""
    canary: int | None = None
    """Release of those in it."""
    canary_share: float = 0.0
    """Share of the devices that follow `canary`, 0..1."""

    def to_json(self) -> bytes:
        """JSON as stored in the repository."""
        values = {
            "schema": SCHEMA,
            "releases": {str(number): list(names) for number, names in sorted(self.releases.items())},
            "stable": self.stable,
            "canary": self.canary,
            "canary_share": self.canary_share,
        }
        return (json.dumps(values, indent=1) + "\n").encode()

    @staticmethod
    def from_json(data: bytes) -> "Channels":
        """Read what `to_json` wrote.

        Raises:
            UpdateError: it is something else.
        """
        try:
            return _parse(json.loads(data))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UpdateError(
                f"{CHANNELS_TARGET} can't be read ({error!r}): publish it again with this version's lpr-export, or "
                "upgrade lpr on this device"
            ) from error

    def release_for(self, device: str, channel: UpdateChannel = UpdateChannel.AUTO) -> tuple[int | None, UpdateChannel]:
        """The release that a device should run, and its channel.

        Args:
            device: its name.
            channel: `stable`, `canary`, or `auto`: by the device's name.
        """
        if channel is UpdateChannel.AUTO:
            is_early = device_share(device) < self.canary_share
            channel = UpdateChannel.CANARY if is_early else UpdateChannel.STABLE
        is_canary = channel is UpdateChannel.CANARY and self.canary is not None
        return (self.canary, UpdateChannel.CANARY) if is_canary else (self.stable, UpdateChannel.STABLE)


def _parse(values: Any) -> Channels:
    if values["schema"] != SCHEMA:
        raise ValueError(f"schema {values['schema']}, and {SCHEMA} is known")
    releases = {int(number): tuple(names) for number, names in values["releases"].items()}
    for name in (name for names in releases.values() for name in names):
        if not (MODEL_FILE.fullmatch(name) or GOLDEN_FILE.fullmatch(name)):
            raise ValueError(f"{name!r} is no file of a release")
    found = Channels(releases, values["stable"], values["canary"], float(values["canary_share"]))
    for number in (found.stable, found.canary):
        if number is not None and number not in releases:
            raise ValueError(f"there is no release {number}")
    return found


def device_share(device: str) -> float:
    """Position of a device in 0..1 by a hash of its name: constant, and uniform over many names."""
    number = int.from_bytes(hashlib.sha256(device.encode("utf-8", "replace")).digest()[:8], "big")
    return number % SHARES / SHARES


def target_path(release: int, name: str) -> str:
    """Path of a release's file in the repository."""
    return f"releases/{release}/{name}"


def model_in(folder: Path, kind: str, suffix: str = ".tflite") -> Path:
    """A release's model of one kind.

    Raises:
        UpdateError: it has none.
    """
    found = sorted(folder.glob(f"{kind}.*{suffix}"))
    if not found:
        raise UpdateError(f"the release has no {kind} in {suffix} files: publish one, or take another --runtime")
    return found[0]
