"""A sink, a runtime and a country for lpr."""

from pathlib import Path

LATINIA = Path(__file__).with_name("latinia.toml")
"""Entry point of the country: the path of its file."""
