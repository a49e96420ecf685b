"""Interface of the runtimes' adapters, and code that they share."""

import importlib
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Protocol, TypeVar, runtime_checkable

from lpr_edge.contract.base.arrays import AnyArray
from lpr_edge.contract.base.errors import ModelError

Written = TypeVar("Written")


class Engine(Protocol):
    """A model loaded into one runtime."""

    name: str
    """As `--runtime` takes it."""
    version: str
    """Of the runtime's package."""

    def run(self, tensor: AnyArray) -> Sequence[AnyArray]:
        """Run the network on its input tensor (1, H, W, C); the outputs, batch axis and all, in the file's order."""
        ...


@runtime_checkable
class FillableEngine(Engine, Protocol):
    """One whose input can be written in place, which spares a copy of each frame."""

    def fill(self, write: Callable[[AnyArray], Written]) -> Written:
        """Let `write` set the input tensor (1, H, W, C), all of it; it must not keep the array."""
        ...

    def invoke(self) -> Sequence[AnyArray]:
        """Run the network on what was written; the outputs as `run` returns them."""
        ...

    def with_rows(self, rows: int) -> "FillableEngine | None":
        """The network, loaded again for an input of another height; None where the file has only its own."""
        ...


def missing_runtime(package: str) -> str:
    """Advice for a missing runtime."""
    return f"the runtime {package} is not installed: pip install {package}"


def import_runtime(module: str, package: str) -> ModuleType:
    """Import a runtime's module.

    Raises:
        ModelError: it isn't installed, or can't be loaded on this machine.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ModelError(missing_runtime(package)) from error
    except (ImportError, OSError) as error:
        raise ModelError(
            f"{package} is installed but can't be loaded ({error}): pip install --force-reinstall {package}"
        ) from error
