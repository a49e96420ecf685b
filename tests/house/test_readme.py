import argparse
import functools
import importlib
import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMANDS = {"lpr-edge": "lpr_edge", "lpr-export": "lpr_export", "lpr-train": "lpr_train", "lpr-bench": "lpr_bench"}
BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(lpr-[^`\n]+)`")
ALTERNATIVE = "/"
"""Between names of which one is meant; in a Markdown table the page writes `\\|`."""
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


@pytest.fixture(scope="module")
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


@functools.cache
def parser_of(command: str) -> argparse.ArgumentParser:
    """A command's parser, whole: lpr-train adds a task's flags only where the command line names the task."""
    build = importlib.import_module(f"{COMMANDS[command]}.app.cli").build_parser
    whole = bool(inspect.signature(build).parameters)
    parser = build(list(subparsers_of(build([])))) if whole else build()
    assert isinstance(parser, argparse.ArgumentParser)
    return parser


def subparsers_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def flags_of(parser: argparse.ArgumentParser) -> set[str]:
    """A parser's own long flags, without --help and those hidden from it."""
    return {
        flag
        for action in parser._actions
        for flag in action.option_strings
        if flag.startswith("--") and flag != "--help" and action.help != argparse.SUPPRESS
    }


def commands_in(text: str) -> Iterator[list[str]]:
    """Each lpr command line of the page as words, continued lines joined, comments and prompts left out."""
    blocks = "\n".join(BLOCK.findall(text)).replace("\\\n", " ")
    prose = BLOCK.sub("", text).replace("\\|", ALTERNATIVE)
    for line in [*blocks.splitlines(), *INLINE.findall(prose)]:
        for part in re.split(r"[|;&]+", line.lstrip("$ ")):
            words = shlex.split(part, comments=True) if part.strip().startswith("lpr-") else []
            if words and words[0] in COMMANDS:
                yield words


def parsers_used(words: list[str]) -> list[argparse.ArgumentParser]:
    """The command's parser and, where the line names a subcommand, that one's."""
    parser = parser_of(words[0])
    subparsers = subparsers_of(parser)
    named = [part for word in words[1:2] for part in word.split(ALTERNATIVE) if part in subparsers]
    return [parser, *(subparsers[name] for name in named)]


def unknown_in(words: list[str]) -> list[str]:
    """What the command line says that the parser does not know."""
    parsers = parsers_used(words)
    known = {flag for parser in parsers for flag in flags_of(parser)} | {"--help"}
    wrong = [flag for flag in FLAG.findall(" ".join(words)) if flag not in known]
    if len(parsers) == 1 and subparsers_of(parsers[0]) and len(words) > 1 and not words[1].startswith("-"):
        wrong.append(words[1])
    return [f"{' '.join(words)}: {what}" for what in wrong]


def test_reader_of_the_page_finds_commands() -> None:
    """Commands are found in blocks and in line, with continued lines, prompts, pipes and comments."""
    page = "Try `lpr-bench --json a`.\n```\n$ lpr-train \\\n  reader --data D  # why\nlpr-edge --demo | head\n```\n"
    assert list(commands_in(page)) == [
        ["lpr-train", "reader", "--data", "D"],
        ["lpr-edge", "--demo"],
        ["lpr-bench", "--json", "a"],
    ]


def test_an_invented_flag_is_noticed() -> None:
    """A flag that no parser has, or a subcommand that doesn't exist, is reported with its line."""
    assert unknown_in(["lpr-bench", "accuracy", "--no-such-flag"]) == [
        "lpr-bench accuracy --no-such-flag: --no-such-flag"
    ]
    assert unknown_in(["lpr-bench", "invented"]) == ["lpr-bench invented: invented"]


def test_every_command_in_the_readme_exists(readme: str) -> None:
    """Every subcommand and flag that the README types is one that the parsers know."""
    lines = list(commands_in(readme))
    assert {words[0] for words in lines} == set(COMMANDS)
    assert [wrong for words in lines for wrong in unknown_in(words)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_is_in_the_readme(readme: str, command: str) -> None:
    """Every subcommand and long flag that a command has is written in the README."""
    parser = parser_of(command)
    subparsers = subparsers_of(parser)
    flags = flags_of(parser).union(*(flags_of(subparser) for subparser in subparsers.values()))
    written = set(FLAG.findall(readme))
    written |= {flag.replace("--", "--no-", 1) for flag in written}  # argparse adds it to a flag that is on or off
    # An alias comes after its name, with the same parser.
    names = {id(subparser): name for name, subparser in reversed(subparsers.items())}.values()
    missing = sorted(flags - written) + [
        name for name in names if not re.search(rf"{command}\s[^`\n]*\b{re.escape(name)}\b", readme)
    ]
    assert missing == []


def test_every_make_target_in_the_readme_exists(repository: Path, readme: str) -> None:
    """Every `make NAME` of the README and of CONTRIBUTING is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (repository / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(BLOCK.findall(readme)) + (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:\$ )?make ([a-z][a-z0-9-]*)", text, re.MULTILINE))
    assert named
    assert named - targets == set()
