"""What a person asked for."""

from dataclasses import dataclass
from pathlib import Path

PRECISIONS = ("int8", "int8-dynamic", "float16", "float32")
"""What can be asked for; each is a flag."""
SUFFIXES = (".tflite", ".onnx")
"""Of the formats."""
MIN_HELD_OUT = 50
"""Different held-out pictures that a proof needs, unless a person allows fewer."""


@dataclass(frozen=True)
class ExportOptions:
    """What a person asked for."""

    precisions: tuple[str, ...]
    """Of `PRECISIONS`: what is published."""
    out: Path
    data: Path | None
    """A data folder to calibrate and measure on, beside the run's own held-out pictures."""
    max_drop: float
    """Points of any metric that may be lost."""
    seed: int
    """Of the draw from `data`."""
    count: int = 500
    """Pictures drawn from `data`."""
    suffixes: tuple[str, ...] = SUFFIXES
    """Of the files that are published."""
    float_layers: tuple[str, ...] = ()
    """Layers of the int8 file that stay in float."""
    explain: bool = False
    """Whether to find each layer's error and cost."""
    min_accuracy: float | None = None
    """Per cent that the float network's main metric must reach; None for the floor of its kind, 0 for no demands."""
    allow_small: bool = False
    """Whether few held-out pictures are enough."""
    confidence: Path | None = None
    """The file of a reader's confidence; None for the one in the run folder."""
