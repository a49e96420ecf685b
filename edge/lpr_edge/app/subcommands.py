"""Subcommands of `lpr-edge`, each a module that is imported only when it is called."""

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import Any

SUBCOMMANDS = {
    "events": "lpr_edge.app.events_command",
    "frigate": "lpr_edge.app.frigate_command",
    "serve": "lpr_edge.app.serve_command",
    "update": "lpr_edge.app.update_command",
}
"""Name -> its module, which has `build_parser()` and `run(arguments) -> int`."""


def find_subcommand(words: Sequence[str]) -> str | None:
    """The subcommand at the beginning of a command line; None without one."""
    return words[0] if words and words[0] in SUBCOMMANDS else None


def subcommand_parser(name: str) -> argparse.ArgumentParser:
    """Parser of a subcommand."""
    parser: argparse.ArgumentParser = _load(name).build_parser()
    return parser


def run_subcommand(words: Sequence[str]) -> int:
    """Run a command line that begins with a subcommand; returns the exit status.

    Raises:
        LprError: what can't be had or done.
    """
    status: int = _load(words[0]).run(subcommand_parser(words[0]).parse_args(words[1:]))
    return status


def _load(name: str) -> Any:
    return import_module(SUBCOMMANDS[name])
