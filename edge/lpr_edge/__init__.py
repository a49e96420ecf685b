"""Licence plate recognition on the device: capture, detector, reader, grammar, tracking, delivery.

NumPy, OpenCV and a TFLite runtime are all that it needs; none of them is imported before it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lpr_edge.api import Classifier, PlateReader
    from lpr_edge.contract.base.errors import LprError
    from lpr_edge.contract.manifest import Manifest
    from lpr_edge.contract.manifest import read_manifest as load_manifest
    from lpr_edge.results import Plate, PlateEvent

__all__ = ["Classifier", "LprError", "Manifest", "Plate", "PlateEvent", "PlateReader", "load_manifest"]

_HOMES = {
    "Classifier": ("lpr_edge.api", "Classifier"),
    "LprError": ("lpr_edge.contract.base.errors", "LprError"),
    "Manifest": ("lpr_edge.contract.manifest", "Manifest"),
    "Plate": ("lpr_edge.results", "Plate"),
    "PlateEvent": ("lpr_edge.results", "PlateEvent"),
    "PlateReader": ("lpr_edge.api", "PlateReader"),
    "load_manifest": ("lpr_edge.contract.manifest", "read_manifest"),
}
"""Public name -> the module and the name where it is defined."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import lpr_edge` stays light."""
    if name == "__version__":
        from importlib.metadata import version

        return version("lpr")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
