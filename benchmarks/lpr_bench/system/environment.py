"""Environment of a measurement: the machine, its state, and versions."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lpr_edge.base.board import read_throttled

PACKAGES = (
    "lpr",
    "numpy",
    "opencv-python",
    "opencv-python-headless",
    "ai-edge-litert",
    "tflite-runtime",
    "onnxruntime",
)
"""Distributions whose versions affect speed or results."""


def describe_environment(root: Path = Path("/")) -> dict[str, Any]:
    """Machine, operating system, state and versions, as plain values.

    Args:
        root: folder of /proc, /sys and /etc; another one in tests.
    """
    return {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "board": board_name(root),
        "cpu": cpu_model(root),
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "system": os_name(root),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": installed_versions(),
        "state": describe_state(root),
    }


def describe_state(root: Path = Path("/")) -> dict[str, Any]:
    """State that changes within minutes and affects latency; null for unknown values."""
    cpu0 = root / "sys/devices/system/cpu/cpu0/cpufreq"
    temperature = _number(root / "sys/class/thermal/thermal_zone0/temp")
    return {
        "governor": _text(cpu0 / "scaling_governor"),
        "frequency_khz": _number(cpu0 / "scaling_cur_freq"),
        "temperature_celsius": None if temperature is None else temperature / 1000,
        "throttled": read_throttled(root),
        "load_1_minute": _number(root / "proc/loadavg"),
    }


def board_name(root: Path = Path("/")) -> str:
    """A board's own name (Raspberry Pi and others write one), else the processor's and architecture."""
    model = _text(root / "proc/device-tree/model")
    return model.rstrip("\0") if model else f"{cpu_model(root)} ({platform.machine()})"


def cpu_model(root: Path = Path("/")) -> str:
    """The processor as /proc/cpuinfo names it; ARM kernels name the board under `Model` or only the implementer."""
    lines = (_text(root / "proc/cpuinfo") or "").splitlines()
    values = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return values.get("model name") or values.get("Model") or platform.processor() or platform.machine()


def os_name(root: Path = Path("/")) -> str:
    """The operating system's name for people."""
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', _text(root / "etc/os-release") or "", re.MULTILINE)
    return found.group(1) if found else platform.system()


def installed_versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Version of each package that is installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def file_stem(board: str) -> str:
    """A board's name as a file's: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", board.lower()).strip("-") or "board"


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _number(path: Path) -> float | None:
    words = (_text(path) or "").split()
    try:
        return float(words[0]) if words else None
    except ValueError:
        return None
