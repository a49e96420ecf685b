"""Which release a device takes."""

from dataclasses import replace

import pytest

from lpr_edge.config.choices import UpdateChannel
from lpr_edge.updates.release import Channels, UpdateError, device_share

CHANNELS = Channels({1: ("reader.int8.tflite",), 2: ("reader.int8.tflite",)}, stable=1, canary=2, canary_share=0.2)


def test_share_of_devices() -> None:
    """About the wanted share of many names follows canary, always the same ones, and a greater share keeps them."""
    names = [f"gate-{number}" for number in range(2000)]
    canary = {name for name in names if CHANNELS.release_for(name) == (2, "canary")}
    assert 0.17 < len(canary) / len(names) < 0.23
    wider = replace(CHANNELS, canary_share=0.5)
    assert all(wider.release_for(name) == (2, "canary") for name in canary)
    assert all(0 <= device_share(name) < 1 for name in names)


def test_channel_by_name() -> None:
    """A device that names its channel has it whatever its share; canary without a release is stable."""
    assert CHANNELS.release_for("gate", UpdateChannel.STABLE) == (1, "stable")
    assert CHANNELS.release_for("gate", UpdateChannel.CANARY) == (2, "canary")
    assert replace(CHANNELS, canary=None).release_for("gate", UpdateChannel.CANARY) == (1, "stable")
    assert Channels().release_for("gate") == (None, "stable")


def test_round_trip() -> None:
    """Channels are read as they were written."""
    assert Channels.from_json(CHANNELS.to_json()) == CHANNELS


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{}",
        b"\xff",
        CHANNELS.to_json().replace(b'"schema": 1', b'"schema": 2'),
        CHANNELS.to_json().replace(b'"stable": 1', b'"stable": 7'),
        CHANNELS.to_json().replace(b"reader.int8.tflite", b"../../etc/passwd"),
        CHANNELS.to_json().replace(b"reader.int8.tflite", b"release.json"),
    ],
)
def test_hostile_channels(data: bytes) -> None:
    """What isn't a list of channels, or names files that no release has, is refused."""
    with pytest.raises(UpdateError, match=r"channels\.json can't be read"):
        Channels.from_json(data)
