"""Interface of runtimes, which other packages can register, and their lookup by name."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lpr_edge.base.finding import Finding
from lpr_edge.config.extensions import RUNTIMES, ExtensionSettings
from lpr_edge.contract.base.errors import LprError, ModelError
from lpr_edge.contract.manifest import Manifest
from lpr_edge.runtimes.engine import Engine, missing_runtime


class RuntimeSettings(ExtensionSettings):
    """Settings of a runtime: a frozen dataclass whose fields all have defaults."""

    def check(self) -> None:
        """Check the settings without loading a model; called only if the runtime is chosen.

        Raises:
            LprError: what is wrong, and what to do.
        """

    def examine(self) -> Finding | None:
        """Check the runtime for `lpr-edge --doctor`; None without a result."""
        return None


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
    open: Callable[..., Engine]
    """Loads a model file, given its path, a number of threads, the file's manifest, and the settings where there are
    any. Raises LprError, or anything."""
    settings: RuntimeSettings | None = None
    """The defaults of the runtime's settings; None where it has none."""

    def with_settings(self, settings: ExtensionSettings | None) -> "Runtime":
        """Copy the runtime with other settings; None keeps the defaults."""
        return replace(self, settings=settings) if isinstance(settings, RuntimeSettings) else self

    def load(self, path: Path, threads: int, manifest: Manifest) -> Engine:
        """Load a model file."""
        apart = () if self.settings is None else (self.settings,)
        return self.open(path, threads, manifest, *apart)

    @property
    def is_installed(self) -> bool:
        """Whether its module is installed."""
        return importlib.util.find_spec(self.module) is not None

    def check(self) -> None:
        """Check that it is installed and its settings are valid, without loading a model.

        Raises:
            LprError: one isn't so.
        """
        if not self.is_installed:
            raise ModelError(missing_runtime(self.package))
        if self.settings:
            self.settings.check()


def find_runtime(name: str | Runtime) -> Runtime:
    """Find a runtime by name, lpr's own or another package's; a runtime object is returned unchanged.

    Raises:
        LprError: there is none of that name, or it can't be loaded.
    """
    if isinstance(name, Runtime):
        return name
    found = RUNTIMES.load(name)
    if not isinstance(found, Runtime):
        raise LprError(f"{found!r} isn't a Runtime, and {name!r} in lpr.runtimes must be one: see docs/extending.md")
    return found


def own_runtimes() -> list[Runtime]:
    """The runtimes that lpr includes, in the order in which `auto` tries them."""
    return [find_runtime(name) for name in RUNTIMES.own]
