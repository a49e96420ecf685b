"""Settings from a TOML file, the environment and flags; later ones win. And those of each camera."""

import argparse
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from lpr_edge.config.cameras import read_cameras, with_todays_keys
from lpr_edge.config.config import Config
from lpr_edge.config.extensions import (
    RUNTIMES,
    SINKS,
    ExtensionSettings,
    load_runtime_settings,
    load_sink,
    runtime_classes,
    sink_classes,
)
from lpr_edge.config.input_groups import KEY, CameraSettings
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.settings.fields import Setting, settings_in, values_in
from lpr_edge.contract.settings.toml_file import read_table
from lpr_edge.contract.settings.values import build_settings, check_table, check_texts

E = TypeVar("E", bound=ExtensionSettings)
PREFIX = "LPR_"
FILE_VARIABLE = "LPR_CONFIG"
"""The environment's way to say --config."""
SAY_WHAT_TO_READ: dict[str, Any] = {"camera": None, "source": None, KEY: ()}
"""Keys that exclude each other -> their values where they aren't given."""


def config_of(**values: Any) -> Config:
    """Build settings from values by key, as a file has them; durations and sizes may be texts.

    Raises:
        LprError: a key is unknown, or a value can't be used.
    """
    cameras = _cameras_of(values, "")
    return build_config(check_table(_schema_for(values), values, "") | cameras)


def load_config(file: Path | None, environment: Mapping[str, str] = os.environ) -> Config:
    """Load settings from a file, if any, and override them by `LPR_...` of the environment.

    Args:
        file: TOML; None for that of LPR_CONFIG, if it is set.
        environment: as the process has it.

    Raises:
        LprError: the file can't be read, a key is unknown, or a value can't be used.
    """
    texts = {name: text for name, text in environment.items() if name.startswith(PREFIX)}
    named = texts.pop(FILE_VARIABLE, "")
    path = file or (Path(named) if named else None)
    table = with_todays_keys(_flattened(read_table(path))) if path else {}
    cameras = _cameras_of(table, str(path))
    values = check_table(_schema_for(table), table, str(path)) | cameras
    keys = with_todays_keys({name.removeprefix(PREFIX).lower(): text for name, text in texts.items()})
    later = {PREFIX + key.upper(): text for key, text in keys.items()}
    values = _over(values, check_texts(_schema_for(keys), later, "environment", PREFIX))
    try:
        return build_config(values)
    except LprError as error:
        raise LprError(f"{path or 'environment'}: {error}") from error


def with_flags(config: Config, flags: argparse.Namespace, extensions: Iterable[type[ExtensionSettings]] = ()) -> Config:
    """Override settings by the flags that were given.

    Args:
        config: of file and environment.
        flags: by key; others are passed over.
        extensions: the settings of the sinks and runtimes that have flags.

    Raises:
        LprError: a value can't be used.
    """
    known = schema_of(extensions)
    given = {key: value for key, value in vars(flags).items() if key in known}
    cameras = {KEY: flags.cameras} if getattr(flags, KEY, ()) else {}
    return build_config(_over(flat_values(config), check_table(known, given, "") | cameras))


def schema_of(extensions: Iterable[type[ExtensionSettings]]) -> dict[str, Setting]:
    """All common settings, and those of some sinks and runtimes, by key."""
    known = settings_in(Config)
    for extension in extensions:
        known |= settings_in(extension, extension.key_of)
    return known


def flat_values(config: Config) -> dict[str, Any]:
    """Values by key, including those of sinks and runtimes."""
    values = values_in(config)
    for extension in (*config.sinks.values(), *config.runtimes.values()):
        values |= values_in(extension, extension.key_of)
    return values | ({KEY: config.cameras} if config.cameras else {})


def camera_config(config: Config, camera: CameraSettings) -> Config:
    """Settings of one of several cameras, as for a single camera.

    Raises:
        LprError: a value can't be used; the message names the camera.
    """
    shared = {key: value for key, value in flat_values(config).items() if key != KEY}
    try:
        own = build_config(shared | {"source_name": camera.name} | dict(camera.values))
    except LprError as error:
        raise LprError(f"camera {camera.name}: {error}") from error
    if not own.capture.is_given:
        raise LprError(f"camera {camera.name} has neither `camera`, a number, nor `source`, a URL or file: give one.")
    return own


def each_camera(config: Config) -> list[Config]:
    """Settings of each camera, as for a single camera.

    Raises:
        LprError: see `camera_config`.
    """
    return [camera_config(config, camera) for camera in config.cameras] or [config]


def _schema_for(keys: Iterable[str]) -> dict[str, Setting]:
    common = settings_in(Config)
    others = [key for key in keys if key not in common]
    return schema_of([*sink_classes(others).values(), *runtime_classes(others).values()])


def build_config(values: Mapping[str, Any]) -> Config:
    """Build settings from typed values by key, as `flat_values` returns them.

    Raises:
        LprError: a value can't be used.
    """
    common = settings_in(Config)
    others = [key for key in values if key not in common and key != KEY]
    sinks = _built(sink_classes(others), values)
    runtimes = _built(runtime_classes(others), values)
    config = build_settings(Config, values, sinks=sinks, runtimes=runtimes, cameras=values.get(KEY, ()))
    each_camera(config)
    return config


def _built(classes: Mapping[str, type[E]], values: Mapping[str, Any]) -> dict[str, E]:
    """Settings of extensions by name, except those with only default values."""
    made = {name: build_settings(extension, values, extension.key_of) for name, extension in classes.items()}
    return {name: settings for name, settings in made.items() if settings != type(settings)()}


def _cameras_of(table: dict[str, Any], origin: str) -> dict[str, Any]:
    """Remove the cameras from a table, and return them under their key; empty without any."""
    return {KEY: read_cameras(table.pop(KEY), origin)} if KEY in table else {}


def _flattened(table: Mapping[str, Any]) -> dict[str, Any]:
    """A file's table, with the table of each sink or runtime merged into the top level."""
    common = settings_in(Config)
    flat: dict[str, Any] = {}
    for key, value in table.items():
        extension = _extension_called(key) if isinstance(value, dict) and key not in common else None
        flat |= {extension.key_of(name): inner for name, inner in value.items()} if extension else {key: value}
    return flat


def _extension_called(name: str) -> type[ExtensionSettings] | None:
    if name in SINKS:
        return load_sink(name)
    return load_runtime_settings(name) if name in RUNTIMES else None


def _over(values: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Override values; a later source replaces all earlier values that name a source."""
    merged = values | later
    said = {key for key in SAY_WHAT_TO_READ if key in later}
    return merged | ({key: empty for key, empty in SAY_WHAT_TO_READ.items() if key not in said} if said else {})
