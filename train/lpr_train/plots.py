"""Pictures of a run: curves, confusion and predictions, with Devanagari that is really drawn."""

from pathlib import Path


def plot_curves(history: list[dict[str, float]], path: Path) -> None:
    """Draw loss and validation figures over the epochs, one panel each kind."""
