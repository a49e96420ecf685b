"""What a package registers to bring an inference runtime."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.contract.base.errors import ModelError
from lpr_edge.contract.manifest import Manifest
from lpr_edge.runtimes.engine import Engine, missing_runtime


@dataclass(frozen=True)
class Runtime:
    """An inference runtime, registered as an entry point of the group `lpr.runtimes`."""

    name: str
    """As `--runtime` takes it, and as the entry point has it."""
    suffixes: tuple[str, ...]
    """Of the files that it reads: `.tflite`, `.onnx`."""
    module: str
    """The module that it lives in; it is imported when a model is opened, and not before."""
    package: str
    """What installs that module."""
    open: Callable[[Path, int, Manifest], Engine]
    """Loads a model file, for a number of threads; the manifest is the file's. Raises LprError, or anything."""

    @property
    def is_installed(self) -> bool:
        """Whether its module is there."""
        return importlib.util.find_spec(self.module) is not None

    def check(self) -> None:
        """Make sure that it is installed, without loading it.

        Raises:
            ModelError: it isn't.
        """
        if not self.is_installed:
            raise ModelError(missing_runtime(self.package))
