"""The sinks and runtimes that there are: lpr's own, and those of other packages."""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.registry import Registry

SINKS = Registry(
    "lpr.sinks",
    {
        "jsonl": "lpr_edge.delivery.sinks.log_files:JsonFileSettings",
        "csv": "lpr_edge.delivery.sinks.log_files:TableSettings",
        "snapshots": "lpr_edge.delivery.sinks.snapshots:SnapshotSettings",
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


class ExtensionSettings:
    """Base of an extension's settings, a frozen dataclass.

    The first field turns the extension on, and its key is the extension's name; each other key is `NAME_FIELD`. Flags
    and variables follow the keys: `--NAME-FIELD`, `LPR_NAME_FIELD`. In TOML a table `[NAME]` is the same.
    """

    name: ClassVar[str]
    """As the entry point has it."""
    sends_records: ClassVar[bool] = True
    """Whether it gets events as records, and can be given those of the past (`--replay`)."""

    @classmethod
    def key_of(cls, field: str) -> str:
        """The key of a field."""
        return cls.name if field == cls._first() else f"{cls.name}_{field}"

    @property
    def is_wanted(self) -> bool:
        """Whether the settings turn it on."""
        return bool(getattr(self, self._first()))

    def written_folders(self) -> Iterable[Path]:
        """The folders that it writes to."""
        return ()

    def read_files(self) -> Iterable[Path]:
        """The files that it reads."""
        return ()

    @classmethod
    def _first(cls) -> str:
        first: Any = cls
        return fields(first)[0].name


def sink_classes(keys: Iterable[str]) -> dict[str, type[ExtensionSettings]]:
    """The settings of the sinks that keys belong to; where one is of no sink of lpr's own, all that are installed.

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


def load_sink(name: str) -> type[ExtensionSettings]:
    """A sink's settings.

    Raises:
        LprError: it can't be loaded, or isn't a sink.
    """
    found = SINKS.load(name)
    if not (isinstance(found, type) and issubclass(found, ExtensionSettings) and found.name == name):
        raise LprError(f"{found!r} isn't the settings of a sink called {name!r}: see docs/extending.md")
    return found


def _belongs(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}_")
