"""What an adapter of a runtime offers, and what all of them share."""

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Protocol

from lpr_edge.contract.base.arrays import AnyArray
from lpr_edge.contract.base.errors import ModelError


class Engine(Protocol):
    """A model loaded into one runtime."""

    name: str
    """As `--runtime` takes it."""
    version: str
    """Of the runtime's package."""

    def run(self, tensor: AnyArray) -> Sequence[AnyArray]:
        """Run the network on its input tensor (1, H, W, C); the outputs, batch axis and all, in the file's order."""
        ...


def missing_runtime(package: str) -> str:
    """What to do about a runtime that isn't there."""
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
