"""Cold start: time and memory of the command from its start to the first reading."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import cv2

from lpr_bench.latency import starter
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError

STARTS = 5
"""Number of starts of the command."""
IMPORTS = 3
"""Number of TensorFlow imports, in turns with the first starts."""
EDGE = (sys.executable, "-m", "lpr_edge")
ANY_CONFIDENCE = ("--min-confidence", "0")
"""The first reading counts, however likely it is."""
TENSORFLOW = (sys.executable, "-c", "import tensorflow")


def measure_cold_start(frame: Image, flags: Sequence[str]) -> dict[str, Any]:
    """Start `lpr-edge` on a picture several times, and import TensorFlow in turns with it if it is installed.

    Args:
        frame: (H, W, 3) uint8 BGR, with a plate that the models read.
        flags: of `lpr-edge`, for models and runtime.

    Returns:
        Seconds (raw and medians), the ratio of the two, and peak memory in MB when reading one picture and the demo's
        video.
    """
    has_tensorflow = importlib.util.find_spec("tensorflow") is not None
    first_reading, imports, memory = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "frame.png"
        cv2.imwrite(str(picture), frame)
        for number in range(STARTS):
            seconds, peak = start_once([*EDGE, "--source", str(picture), *ANY_CONFIDENCE, *flags])
            first_reading.append(seconds)
            memory.append(peak)
            if has_tensorflow and number < IMPORTS:
                imports.append(import_once())
    return {
        "first_reading_s": median(first_reading),
        "tensorflow_import_s": median(imports) if imports else None,
        "ratio_to_tensorflow_import": median(first_reading) / median(imports) if imports else None,
        "peak_memory_mb": {"one picture": max(memory), "demo film": start_once([*EDGE, "--demo", *flags])[1]},
        "raw": {"first_reading_s": first_reading, "tensorflow_import_s": imports, "one_picture_mb": memory},
    }


def start_once(command: Sequence[str]) -> tuple[float, float]:
    """Start a command that prints records.

    Returns:
        Seconds to its first record with a plate, and its peak memory in MB.

    Raises:
        LprError: it failed, or read no plate.
    """
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command_line = [sys.executable, "-I", "-S", starter.__file__, str(result), *command]
        process = subprocess.Popen(command_line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        first = None
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                if first is None and _has_plate(line):
                    first = perf_counter()
        took = json.loads(result.read_text(encoding="utf-8"))
    if took["status"] != 0 or first is None:
        raise LprError(
            f"`{' '.join(command[2:])}` ended with {took['status']} and "
            f"{'no' if first is None else 'a'} plate read, so its start can't be timed: see that it runs by itself"
        )
    return first - took["started"], took["peak_bytes"] / 1e6


def _has_plate(line: bytes) -> bool:
    record = json.loads(line)
    return bool(record.get("plates") or record.get("text"))


def import_once() -> float:
    """Seconds of a process that only imports TensorFlow."""
    start = perf_counter()
    subprocess.run(TENSORFLOW, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return perf_counter() - start
