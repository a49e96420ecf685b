"""Two tiny networks of nothing but matrix multiplications, made by `make`: what a runtime can do at best here."""

from pathlib import Path

FILES = {precision: Path(__file__).parent / f"multiply.{precision}.tflite" for precision in ("int8", "float32")}
"""Precision -> file."""
