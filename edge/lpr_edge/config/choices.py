"""Words of settings that take one of a few."""

from enum import StrEnum


class EventKinds(StrEnum):
    """Which events a vehicle has."""

    PLATE = "plate"
    """One, when its plate is known."""
    ALL = "all"
    """Another one when it has left."""


class UpdateChannel(StrEnum):
    """Which releases a device takes."""

    AUTO = "auto"
    """Those of `canary` for some devices, by their names, and of `stable` for the others."""
    STABLE = "stable"
    CANARY = "canary"
