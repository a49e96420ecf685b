"""The models that come with lpr."""

from pathlib import Path

from lpr_edge.contract.errors import LprError
from lpr_edge.runtimes import RUNTIMES

MODELS = Path(__file__).parent / "models"
KINDS = {"detector": "detector", "reader": "reader", "characters": "classifier"}
"""Name of a shipped model -> what kind of network it is."""
OPTIONS = {"detector": "--detector", "reader": "--reader", "characters": "--classifier"}
"""Name of a shipped model -> the flag that takes another file in its place."""


def shipped_model(name: str, runtime: str = "auto") -> Path:
    """The file of a shipped model that a runtime reads.

    Raises:
        LprError: this installation carries none for it.
    """
    suffix = ".tflite" if runtime == "auto" else RUNTIMES[runtime][0]
    path = MODELS / f"{name}.int8{suffix}"
    if not path.exists():
        remedy = "install lpr again" if suffix == ".tflite" else "make one with lpr-export --int8"
        raise LprError(f"lpr carries no {path.name} here: {remedy}, or give a file with {OPTIONS[name]}")
    return path
