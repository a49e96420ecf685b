"""Options of an export."""

from dataclasses import dataclass
from pathlib import Path

PRECISIONS = ("int8", "int8-dynamic", "float16", "float32")
"""Available precisions; each is a flag."""
SUFFIXES = (".tflite", ".onnx")
"""File suffixes of both formats."""
MIN_HELD_OUT = 50
"""Minimum number of different held-out pictures, unless `--allow-small` is given."""


@dataclass(frozen=True)
class ExportOptions:
    """Options of an export, as the command line gives them."""

    precisions: tuple[str, ...]
    """Published precisions, of `PRECISIONS`."""
    out: Path
    data: Path | None
    """A data folder to calibrate and evaluate on, in addition to the run's own held-out pictures."""
    max_drop: float
    """Allowed loss of any metric, in percentage points."""
    seed: int
    """Random seed for drawing from `data`."""
    count: int = 500
    """Pictures drawn from `data`."""
    suffixes: tuple[str, ...] = SUFFIXES
    """Suffixes of the published files."""
    float_layers: tuple[str, ...] = ()
    """Layers of the int8 file that stay in float."""
    explain: bool = False
    """Measure each layer's quantisation error, time, and cost in float."""
    min_accuracy: float | None = None
    """Minimum of the float network's main metric in per cent; None for the default of its kind, 0 for no minimum."""
    allow_small: bool = False
    """Accept fewer than `MIN_HELD_OUT` held-out pictures."""
    confidence: Path | None = None
    """The file of a reader's confidence; None for the one in the run folder."""
