"""Paths of lpr's own models."""

from pathlib import Path

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_edge.runtimes.runtime import Runtime, find_runtime

MODELS = Path(__file__).parents[1] / "models"


def shipped_model(name: str, runtime: str | Runtime = "auto") -> Path:
    """Path of a shipped model in the format that a runtime reads.

    Raises:
        LprError: this installation carries none for it.
    """
    suffix = ".tflite" if runtime == "auto" else find_runtime(runtime).suffixes[0]
    path = MODELS / f"{name}.int8{suffix}"
    if not path.exists():
        remedy = "install lpr again" if suffix == ".tflite" else "make one with lpr-export --int8"
        raise LprError(f"lpr has no {path.name} here: {remedy}, or give a file with {NAMED_TYPES[name].flag}")
    return path
