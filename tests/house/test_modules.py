"""Each command also runs as a module, from a copy that is only on the path."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("lpr_edge", ["--info"]),
        ("lpr_train", []),
        ("lpr_export", []),
        ("lpr_bench", []),
        ("lpr_fleet", []),
        ("lpr_batch", []),
    ],
)
def test_a_command_runs_as_a_module(package: str, words: list[str]) -> None:
    """`python -m PACKAGE` is the same command: its help names it, its status is passed on, wrong usage is 2."""
    command = [sys.executable, "-m", package]
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False)
    assert (helped.returncode, helped.stderr) == (0, "")
    assert helped.stdout.startswith(f"usage: {package.replace('_', '-')} ")
    wrong = subprocess.run([*command, *words, "--no-such-flag"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith(f"usage: {package.replace('_', '-')} ")
