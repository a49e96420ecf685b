"""The lpr command lines that a Markdown page shows, and what the parsers say of them."""

import re
import shlex
from collections.abc import Iterator

from tools.docs.parsers import COMMANDS, flags_of, parser_of, split_command, subparsers_of

FENCED = re.compile(r"^```([a-z]*)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
"""A block, of which language, and what it holds."""
SHELL = ("", "sh")
"""Languages of blocks that hold command lines."""
INLINE = re.compile(r"`(lpr-[^`\n]+)`")
ALTERNATIVE = "/"
"""Between names of which one is meant; in a Markdown table the page writes `\\|`."""
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
PREFIX = re.compile(r"^\$? ?(?:sudo )?(?:[A-Z_]+=(?:'[^']*'|\S+) +)*(?:/opt/lpr/bin/)?(?=lpr-)")
"""Before a command: a prompt, sudo, the environment, its folder."""


def shell_lines(text: str) -> Iterator[str]:
    """Each line of the page's shell blocks, continued lines joined."""
    blocks = [block for language, block in FENCED.findall(text) if language in SHELL]
    for block in blocks:
        yield from filter(None, map(str.strip, block.replace("\\\n", " ").splitlines()))


def commands_in(text: str) -> Iterator[list[str]]:
    """Each lpr command line of the page as words; comments, prompts and what stands before the command left out."""
    yield from _commands(shell_lines(text))
    yield from _commands(INLINE.findall(FENCED.sub("", text).replace("\\|", ALTERNATIVE)))


def _commands(lines: Iterator[str] | list[str]) -> Iterator[list[str]]:
    for line in lines:
        for part in re.split(r"[|;&>]+(?=(?:[^']*'[^']*')*[^']*$)", line):
            command = PREFIX.sub("", part.strip())
            words = shlex.split(command, comments=True) if command.startswith("lpr-") else []
            if words and words[0] in COMMANDS:
                yield words


def unknown_in(words: list[str]) -> list[str]:
    """What the command line says that the parser does not know."""
    command, rest = split_command(words)
    parser = parser_of(command)
    subparsers = subparsers_of(parser)
    named = [part for word in rest[:1] for part in word.split(ALTERNATIVE) if part in subparsers]
    parsers = [parser, *(subparsers[name] for name in named)]
    known = {flag for parser in parsers for flag in flags_of(parser)} | {"--help"}
    wrong = [flag for flag in FLAG.findall(" ".join(words)) if flag not in known]
    if len(parsers) == 1 and subparsers and rest and not rest[0].startswith("-"):
        wrong.append(rest[0])
    return [f"{' '.join(words)}: {what}" for what in wrong]
