"""Installed sinks and runtimes: lpr's own, and those of other packages."""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Self

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.registry import Registry
from lpr_edge.contract.base.units import TextValue, require_setting

SINKS = Registry(
    "lpr.sinks",
    {
        "jsonl": "lpr_edge.delivery.sinks.log_files:JsonFileSettings",
        "csv": "lpr_edge.delivery.sinks.log_files:TableSettings",
        "snapshots": "lpr_edge.delivery.sinks.snapshots:SnapshotSettings",
        "history": "lpr_edge.history.sink:HistorySettings",
        "webhook": "lpr_edge.delivery.sinks.webhook:WebhookSettings",
        "mqtt": "lpr_edge.delivery.sinks.mqtt:MqttSettings",
    },
)
"""Each is a `SinkSettings`, see `delivery/sink.py`. Events reach sinks in this order."""
RUNTIMES = Registry(
    "lpr.runtimes",
    {
        "litert": "lpr_edge.runtimes.tflite:LITERT",
        "tflite": "lpr_edge.runtimes.tflite:TFLITE",
        "onnxruntime": "lpr_edge.runtimes.onnx_runtime:ONNX_RUNTIME",
        "opencv": "lpr_edge.runtimes.opencv_dnn:OPENCV",
    },
)
"""Each is a `Runtime`, see `runtimes/runtime.py`; `auto` takes the first that is installed."""


class RuntimeName(str, TextValue):
    """The name of an installed runtime, or `auto`: the first of lpr's own that reads the file and is installed."""

    @classmethod
    def parse(cls, text: str, key: str) -> Self:
        """One of the names; see `TextValue`."""
        if text != "auto" and text not in RUNTIMES:
            require_setting(False, key, text, f"one of {', '.join(('auto', *RUNTIMES.names()))}")
        return cls(text)

    @property
    def is_auto(self) -> bool:
        """Whether the model's file decides."""
        return self == "auto"


AUTO = RuntimeName("auto")


class ExtensionSettings:
    """Base of an extension's settings, a frozen dataclass.

    Each key is `NAME_FIELD`. Flags and variables follow the keys: `--NAME-FIELD`, `LPR_NAME_FIELD`. In TOML a table
    `[NAME]` is the same.
    """

    name: ClassVar[str]
    """As the entry point has it."""

    @classmethod
    def key_of(cls, field: str) -> str:
        """The key of a field."""
        return f"{cls.name}_{field}"


class SwitchedSettings(ExtensionSettings):
    """Settings whose first field turns the extension on; its key is the extension's name."""

    sends_records: ClassVar[bool] = True
    """Whether it gets events as records, and can be given those of the past (`--replay`)."""

    @classmethod
    def key_of(cls, field: str) -> str:
        """The key of a field."""
        return cls.name if field == cls._first() else super().key_of(field)

    @property
    def is_on(self) -> bool:
        """Whether the extension is on."""
        return bool(getattr(self, self._first()))

    def written_folders(self) -> Iterable[Path]:
        """Folders that the extension writes to."""
        return ()

    def read_files(self) -> Iterable[Path]:
        """Files that the extension reads."""
        return ()

    @classmethod
    def _first(cls) -> str:
        first: Any = cls
        return fields(first)[0].name


def sink_classes(keys: Iterable[str]) -> dict[str, type[SwitchedSettings]]:
    """Settings classes of the sinks with these keys; for an unknown key, those of all installed sinks.

    Args:
        keys: that aren't lpr's common settings.

    Raises:
        LprError: another package's sink can't be loaded.
    """
    owners = {key: next((name for name in SINKS.own if _belongs(key, name)), None) for key in keys}
    if None not in owners.values():
        names = [name for name in SINKS.own if name in owners.values()]
    else:
        names = list(SINKS.names())
    return {name: load_sink(name) for name in names}


def load_sink(name: str) -> type[SwitchedSettings]:
    """Load a sink's settings class.

    Raises:
        LprError: it can't be loaded, or isn't a sink.
    """
    found = SINKS.load(name)
    if not (isinstance(found, type) and issubclass(found, SwitchedSettings) and found.name == name):
        raise LprError(f"{found!r} isn't the settings of a sink called {name!r}: see docs/extending.md")
    return found


def runtime_classes(keys: Iterable[str]) -> dict[str, type[ExtensionSettings]]:
    """Settings classes of the runtimes with these keys; lpr's own runtimes have none.

    Args:
        keys: that aren't lpr's common settings.

    Raises:
        LprError: another package's runtime can't be loaded.
    """
    others = [key for key in keys if not any(_belongs(key, name) for name in SINKS.own)]
    if not others:
        return {}
    names = [name for name in RUNTIMES.installed if any(_belongs(key, name) for key in others)]
    return {name: settings for name in names if (settings := load_runtime_settings(name))}


def load_runtime_settings(name: str) -> type[ExtensionSettings] | None:
    """Load a runtime's settings class; None if it has none.

    Raises:
        LprError: the runtime can't be loaded, or its settings aren't such a class's.
    """
    settings = getattr(RUNTIMES.load(name), "settings", None)
    if settings is None:
        return None
    if not (isinstance(settings, ExtensionSettings) and settings.name == name):
        raise LprError(f"{settings!r} isn't the settings of a runtime called {name!r}: see docs/extending.md")
    return type(settings)


def extension_settings() -> list[type[ExtensionSettings]]:
    """Settings classes of all installed sinks and runtimes.

    Raises:
        LprError: another package's sink or runtime can't be loaded.
    """
    runtimes = [found for name in RUNTIMES.installed if (found := load_runtime_settings(name))]
    return [*(load_sink(name) for name in SINKS.names()), *runtimes]


def _belongs(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}_")
