"""Other commands, started from here."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lpr_edge.contract.base.errors import LprError

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "OMP_NUM_THREADS": "1", "NO_ALBUMENTATIONS_UPDATE": "1"}
"""One thread each, nothing of TensorFlow's about itself, and no look for newer versions."""


REQUIREMENTS = "benchmarks/rivals/requirements.txt"


def quiet_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment with the settings of every command here."""
    return {**os.environ, **QUIET, **(more or {})}


def installed(name: str, *words: str) -> list[str]:
    """A command of this environment, with its words.

    Raises:
        LprError: it isn't installed here.
    """
    script = Path(sys.executable).with_name(name)
    if not script.exists():
        raise LprError(f"{name} isn't installed here: make rivals, or pip install -r {REQUIREMENTS}")
    return [str(script), *words]


def run_quietly(command: Sequence[str], more: Mapping[str, str] | None = None) -> None:
    """Run a command, and keep what it says to itself unless it fails.

    Raises:
        LprError: it fails; the message ends with its last words.
    """
    said = subprocess.run(command, capture_output=True, text=True, env=quiet_environment(more), check=False)
    if said.returncode:
        last = " ".join((said.stderr or said.stdout).split())[-400:]
        raise LprError(f"{' '.join(command[:4])} … ended with exit status {said.returncode}: {last}")
