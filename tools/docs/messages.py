"""The table of error messages, from every `raise` of an error that a user can cause."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.docs.results import table

PACKAGES = {
    "lpr-edge": "edge/lpr_edge",
    "lpr-train": "train/lpr_train",
    "lpr-export": "export/lpr_export",
    "lpr-bench": "benchmarks/lpr_bench",
    "lpr-fleet": "fleet/lpr_fleet",
    "lpr-batch": "batch/lpr_batch",
}
USERS = re.compile(r"(Lpr|Manifest|Model|Data|Source|Delivery|Refused|Conversion|Export|Result)Error$")
"""Errors that are printed as one line."""
REMEDY = re.compile(r"^(.*?\w.*?)(?:: |\. |; )([^:;.]*\w.*)$", re.DOTALL)
"""A message, and behind a colon, full stop or semicolon what to do."""
VALUE = "…"
REFUSALS = ("require_setting", "require_text")
"""Functions that raise such an error for a key, given what was expected."""
SHORTEST = 12
"""Letters of a message that says something by itself, beside the values in it."""


def messages(repository: Path) -> str:
    """A table for each command, its messages in order of the alphabet; `…` stands for a value."""
    parts = []
    for command, package in PACKAGES.items():
        found = sorted({text for path in sorted((repository / package).rglob("*.py")) for text in messages_of(path)})
        rows = [_row(text) for text in found]
        parts.append(f"### Messages of {command}\n\n{table(['message', 'what to do'], rows)}")
    return "\n\n".join(parts)


def _row(text: str) -> list[str]:
    found = REMEDY.match(text)
    message, remedy = found.groups() if found else (text, "")
    return [_escaped(message), _escaped(remedy)]


def _escaped(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("<", "&lt;").replace("*", "\\*")


def messages_of(path: Path) -> Iterator[str]:
    """Texts of a module's errors that say more than their values."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            name = getattr(node.exc.func, "id", "")
            text = _text(node.exc.args[0])
            if USERS.search(name) and sum(map(str.isalpha, text)) >= SHORTEST:
                yield text
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "needing_extra":
            user, package, extra = map(_text, node.args[:3])
            yield f"{user} needs {package}: pip install 'lpr[{extra}]'"
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in REFUSALS and len(node.args) == 4:
            _, key, _, expected = map(_text, node.args)
            if expected != VALUE:
                yield f"Setting `{key}` is {VALUE}, and it must be {expected}."


def _text(node: ast.expr) -> str:
    """A message's text, each value in it as `…`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return VALUE
