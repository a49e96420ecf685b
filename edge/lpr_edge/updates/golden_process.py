"""Runs the golden check in a process of its own: a network that crashes its runtime ends nothing else."""

import subprocess
import sys
from pathlib import Path

from lpr_edge.updates.release import UpdateError

TIMEOUT_S = 600.0
CODE = "import os, sys; os.nice(5); from lpr_edge.updates.golden_set import main; sys.exit(main(sys.argv[1:]))"


def check_in_process(folder: Path, runtime: str, suffix: str) -> str:
    """Run `check_golden` in another process; returns its line.

    Args:
        folder: of the release.
        runtime: name of one, or `auto`.
        suffix: of the model files to check.

    Raises:
        UpdateError: the models don't give what was recorded, crash, or take too long.
    """
    command = [sys.executable, "-c", CODE, str(folder), runtime, suffix]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise UpdateError(f"its golden set took longer than {TIMEOUT_S:.0f} s here") from error
    if done.returncode == 0:
        return done.stdout.strip()
    said = done.stdout.strip() or next(iter(done.stderr.strip().splitlines()[-1:]), "no message")
    raise UpdateError(said if done.returncode == 1 else f"its golden set crashed (status {done.returncode}: {said})")
