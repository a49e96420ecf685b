"""The argument parsers of lpr's six commands."""

import argparse
import functools
import importlib
import inspect
from collections.abc import Sequence

from lpr_edge.app.subcommands import find_subcommand, subcommand_parser
from lpr_export.app.parser import build_verify_parser
from lpr_export.app.publish_command import build_publish_parser

COMMANDS = {
    "lpr-edge": "lpr_edge",
    "lpr-train": "lpr_train",
    "lpr-export": "lpr_export",
    "lpr-bench": "lpr_bench",
    "lpr-fleet": "lpr_fleet",
    "lpr-batch": "lpr_batch",
}
"""Command -> its package."""
OF_EXPORT = {"verify": build_verify_parser, "publish": build_publish_parser}
"""Subcommand of lpr-export -> what makes its parser."""


@functools.cache
def parser_of(command: str) -> argparse.ArgumentParser:
    """A command's parser with all its flags, or that of a subcommand, such as `lpr-edge events`.

    lpr-train adds a task's flags only where the command line names it.
    """
    name, _, subcommand = command.partition(" ")
    if subcommand:
        return OF_EXPORT[subcommand]() if name == "lpr-export" else subcommand_parser(subcommand)
    build = importlib.import_module(f"{COMMANDS[command]}.app.cli").build_parser
    whole = bool(inspect.signature(build).parameters)
    parser = build(list(subparsers_of(build([])))) if whole else build()
    assert isinstance(parser, argparse.ArgumentParser)
    return parser


def split_command(words: Sequence[str]) -> tuple[str, list[str]]:
    """The command that a line calls, as `parser_of` takes it, and the words that its parser gets."""
    is_of_export = words[0] == "lpr-export" and words[1:2] and words[1] in OF_EXPORT
    is_nested = is_of_export or (words[0] == "lpr-edge" and find_subcommand(words[1:]) is not None)
    count = 2 if is_nested else 1
    return " ".join(words[:count]), list(words[count:])


def subparsers_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Subcommand, aliases included -> its parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def summaries_of(parser: argparse.ArgumentParser) -> dict[str, str]:
    """Subcommand, without aliases -> its one-line help."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return {choice.dest.split(" ")[0]: choice.help or "" for choice in action._choices_actions}
    return {}


def flags_of(parser: argparse.ArgumentParser) -> set[str]:
    """A parser's own long flags, without --help and those hidden from it."""
    return {
        flag
        for action in parser._actions
        for flag in action.option_strings
        if flag.startswith("--") and flag != "--help" and action.help != argparse.SUPPRESS
    }
