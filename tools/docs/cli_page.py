"""docs/cli.md: every command, subcommand and flag, from the argument parsers."""

import argparse
from collections.abc import Iterator

from tools.docs.parsers import COMMANDS, parser_of, subparsers_of, summaries_of

from lpr_edge.app.subcommands import SUBCOMMANDS
from lpr_export.app.parser import build_verify_parser
from lpr_export.app.publish_command import build_publish_parser

INTRO = """# Command line

Every command prints this with `--help`. Results go to stdout, everything else to stderr. The exit status is 0, or 1 for
a problem that you can fix, 2 for wrong usage and 130 after Ctrl-C.

A flag of `lpr-edge` is also a key in its settings file, with `_` for `-`, and a variable `LPR_…` in the environment:
see [Service](service.md#settings-file).
"""


def cli_page() -> str:
    """The page's Markdown."""
    return "\n".join([INTRO, *(line for command in COMMANDS for line in _command(command))]) + "\n"


def _command(command: str) -> Iterator[str]:
    parser = parser_of(command)
    yield from (f"## {command}", "", _sentence(parser.description or ""), "")
    yield from _groups(parser, "###")
    parsers = subparsers_of(parser)
    for name, summary in summaries_of(parser).items():
        aliases = [other for other, same in parsers.items() if same is parsers[name] and other != name]
        also = f" Also called {', '.join(f'`{alias}`' for alias in aliases)}." if aliases else ""
        yield from (f"### {command} {name}", "", _sentence(_escaped(summary)) + also, "")
        yield from _groups(parsers[name], "####")
    if parser.epilog:
        yield from (_escaped(parser.epilog), "")
    if command == "lpr-edge":
        for name in SUBCOMMANDS:
            yield from _command(f"{command} {name}")
    if command == "lpr-export":
        verify = build_verify_parser()
        yield from ("### lpr-export verify", "", _sentence(verify.description or ""), "")
        yield from (*_groups(verify, "####"), _escaped(verify.epilog or ""), "")
        publish = build_publish_parser()
        yield from ("### lpr-export publish", "", _sentence(_escaped(publish.description or "")), "")
        for name, summary in summaries_of(publish).items():
            yield from (f"#### lpr-export publish {name}", "", _sentence(_escaped(summary)), "")
            yield from _groups(subparsers_of(publish)[name], "#####")
        yield from (_escaped(publish.epilog or ""), "")


def _groups(parser: argparse.ArgumentParser, level: str) -> Iterator[str]:
    """A table of flags for each group that has any; a title for those that the parser names itself."""
    for group in parser._action_groups:
        rows = [_row(action) for action in group._group_actions if _is_shown(action)]
        if rows:
            named = group.title not in ("options", "positional arguments", "settings")
            yield from (f"{level} {(group.title or '').capitalize()}", "") if named else ()
            yield from ("| flag | meaning |", "|---|---|", *rows, "")


def _is_shown(action: argparse.Action) -> bool:
    hidden = (argparse._HelpAction, argparse._SubParsersAction)
    return action.help != argparse.SUPPRESS and not isinstance(action, hidden)


def _row(action: argparse.Action) -> str:
    names = " ".join(f"`{name}`" for name in action.option_strings)
    value = _value(action)
    shown = " ".join(part for part in (names, f"`{value}`" if value else "") if part)
    return f"| {_escaped(shown)} | {_escaped(action.help or '')} |"


def _value(action: argparse.Action) -> str:
    """A flag's value as --help shows it; empty where it takes none."""
    if action.nargs == 0:
        return ""
    chosen = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
    metavar = action.metavar if isinstance(action.metavar, str) else chosen
    return {"?": f"[{metavar}]", "*": f"[{metavar} ...]", "+": f"{metavar} ..."}.get(str(action.nargs), metavar)


def _escaped(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return " ".join(text.replace("%%", "%").replace("|", "\\|").replace("<", "&lt;").split())


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", ":")) else ".")
