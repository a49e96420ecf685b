"""What is said to people: one line each, on stderr."""

import sys


def say(line: str) -> None:
    """Print a line."""
    print(f"lpr-edge: {line}", file=sys.stderr, flush=True)
