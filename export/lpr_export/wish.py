"""What a person asked for."""

from dataclasses import dataclass
from pathlib import Path

from lpr_export.files import SUFFIXES


@dataclass(frozen=True)
class Wish:
    """What a person asked for."""

    precisions: tuple[str, ...]
    """Of `convert.PRECISIONS`: what is published."""
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
