import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.command_lines import commands_in, shell_lines, unknown_in
from tools.docs.parsers import COMMANDS, OF_EXPORT, flags_of, parser_of, split_command, subparsers_of

from lpr_edge.app.subcommands import SUBCOMMANDS
from lpr_train.app.cli import build_parser as build_train_parser

CODE = re.compile(r"`([^`\n]+)`")
SYSTEM = (
    "sudo apt install",
    "sudo python3 -m venv",
    "sudo systemctl",
    "sudo apt update",
    "sudo nano",
    "scp ",
    "ssh ",
    "podman ",
    "echo ",
    "journalctl",
    "git pull",
    "pip ",
    "make ",
    "curl ",
    # The centre's servers.
    "sudo -u postgres create",
    "sudo -u postgres psql ",
    "rabbitmqctl ",
    "rabbitmq-queues ",
    "systemctl restart ",
    "apt-get install ",
    "install -d ",
    "edge/fleet/certificates ",
    "cp edge/fleet/",
    "cp -r repository ",
    "nginx -t",
    "systemctl reload nginx",
    "chown -R rabbitmq:",
    "export LPR_FLEET_",
    # A cluster for archives.
    "ray start ",
)
"""Beginnings of lines of other programs."""


def test_reader_of_the_page_finds_commands() -> None:
    """Commands are found in blocks and in line, with continued lines, prompts, pipes, comments and variables."""
    page = (
        "Try `lpr-bench --json a`.\n```\n$ lpr-train \\\n  reader --data D  # why\nlpr-edge --demo | head\n"
        "A='x; y' sudo lpr-edge --info\n```\n```sh\nsudo /opt/lpr/bin/lpr-edge --on-match 'a | b' > out\n```\n"
        "```json\nlpr-edge --no-command\n```\n"
    )
    assert list(commands_in(page)) == [
        ["lpr-train", "reader", "--data", "D"],
        ["lpr-edge", "--demo"],
        ["lpr-edge", "--on-match", "a | b"],
        ["lpr-bench", "--json", "a"],
    ]


def test_an_invented_flag_is_noticed() -> None:
    """A flag that no parser has, or a subcommand that doesn't exist, is reported with its line."""
    assert unknown_in(["lpr-bench", "accuracy", "--no-such-flag"]) == [
        "lpr-bench accuracy --no-such-flag: --no-such-flag"
    ]
    assert unknown_in(["lpr-bench", "invented"]) == ["lpr-bench invented: invented"]


def test_every_command_of_the_pages_exists(page: Path) -> None:
    """Every subcommand and flag that a page types is one that the parsers know."""
    lines = commands_in(page.read_text(encoding="utf-8"))
    assert [wrong for words in lines for wrong in unknown_in(words)] == []


def parser_for(words: list[str]) -> argparse.ArgumentParser:
    """The parser that a command takes for these words."""
    if words[0] == "lpr-train":
        return build_train_parser(words[1:])
    return parser_of(split_command(words)[0])


def test_every_command_of_the_blocks_is_whole(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command line of a shell block has the values and arguments that its parser asks for."""
    blocks = "\n".join(f"```\n{line}\n```" for line in shell_lines(page.read_text(encoding="utf-8")))
    for words in commands_in(blocks):
        if words[1:] and words[1:] != ["--version"]:
            try:
                parser_for(words).parse_args(split_command(words)[1])
            except SystemExit:
                pytest.fail(f"{' '.join(words)}: {capsys.readouterr().err}")


def test_every_line_of_the_blocks_is_known(page: Path, repository: Path) -> None:
    """A line of a shell block is an lpr command, a comment, or begins as a known program's; make targets exist."""
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (repository / "Makefile").read_text(), re.MULTILINE))
    for line in shell_lines(page.read_text(encoding="utf-8")):
        is_lpr = any(True for _ in commands_in(f"```\n{line}\n```"))
        known = (*SYSTEM, "sudo /opt/lpr/bin/pip install", "#")
        assert is_lpr or line.startswith(known), f"{page.name}: {line}"
        if line.startswith("make "):
            assert line.split()[1] in targets, f"{page.name}: {line}"


def test_every_make_target_that_is_named_exists(page: Path, repository: Path) -> None:
    """Every `make NAME` in a page's text, and in CONTRIBUTING, is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (repository / "Makefile").read_text(), re.MULTILINE))
    texts = [page.read_text(encoding="utf-8"), (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")]
    named = {found for text in texts for found in re.findall(r"(?:^|`)make ([a-z][a-z0-9-]*)", text, re.MULTILINE)}
    assert named
    assert named - targets == set()


def flags_in_line(text: str) -> Iterator[str]:
    """Each flag that the page's prose names between backticks, outside of blocks."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for code in CODE.findall(prose):
        if code.startswith("--"):
            yield code.split()[0].partition("=")[0]


def test_every_flag_of_the_prose_exists(page: Path) -> None:
    """A flag that is named by itself belongs to one of the four commands, or to Python's venv."""
    known = {"--help", "--system-site-packages"}
    nested = [f"lpr-edge {name}" for name in SUBCOMMANDS] + [f"lpr-export {name}" for name in OF_EXPORT]
    for command in (*COMMANDS, *nested):
        parser = parser_of(command)
        known |= flags_of(parser).union(*(flags_of(one) for one in subparsers_of(parser).values()))
    assert set(flags_in_line(page.read_text(encoding="utf-8"))) - known == set()


@pytest.mark.parametrize("command", [*COMMANDS, *(f"lpr-edge {name}" for name in SUBCOMMANDS)])
def test_every_flag_is_in_the_reference(repository: Path, command: str) -> None:
    """Every subcommand and long flag that a command has is on the page of the command line."""
    reference = (repository / "docs/cli.md").read_text(encoding="utf-8")
    part = re.search(rf"^## {command}\n(.*?)(?=^## |\Z)", reference, re.DOTALL | re.MULTILINE)
    assert part
    parser = parser_of(command)
    subparsers = subparsers_of(parser)
    flags = flags_of(parser).union(*(flags_of(subparser) for subparser in subparsers.values()))
    assert {flag for flag in flags if f"`{flag}`" not in part[1]} == set()
    assert {name for name in subparsers if f"`{name}`" not in part[1] and f"{command} {name}" not in part[1]} == set()
