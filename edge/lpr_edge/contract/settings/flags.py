"""Command-line flags generated from settings."""

import argparse
import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

from lpr_edge.contract.base.units import parser_of
from lpr_edge.contract.base.url import redact
from lpr_edge.contract.settings.fields import Schema, Setting, by_key, settings_in, type_name, without_none
from lpr_edge.contract.settings.toml_file import shown_value
from lpr_edge.contract.settings.values import check_table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C", bound="DataclassInstance")

METAVARS = {int: "N", float: "X", Path: "PATH"}
"""How a flag's value is called in --help; others are a TEXT."""


def add_flags(parser: argparse._ActionsContainer, schema: Schema, names: Iterable[str] | None = None) -> None:
    """Add a flag for every key, or for some; flags that aren't given are absent from the parsed namespace."""
    known = by_key(schema)
    for setting in known.values() if names is None else (known[name] for name in names):
        add_flag(parser, setting)


def add_flag(parser: argparse._ActionsContainer, setting: Setting, *old: str) -> None:
    """Add a key's flag; names of earlier versions are accepted, but not shown."""
    shown = flag_help(setting)
    options = _flag_options(setting.kind)
    name = "--" + setting.key.replace("_", "-")
    parser.add_argument(name, dest=setting.key, default=argparse.SUPPRESS, help=shown, **options)
    if old:
        parser.add_argument(*old, dest=setting.key, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **options)


def flag_help(setting: Setting, more: str = "") -> str:
    """Help of a key: its description, an addition, and its default."""
    return f"{setting.note}{more} (default: {shown_value(setting.default)})".replace("%", "%%")


def _flag_options(kind: Any) -> dict[str, Any]:
    kind = without_none(kind)
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(kind) is tuple:
        return {"type": _flag_type(get_args(kind)[0]), "nargs": "+"}
    return {"type": _flag_type(str if parser_of(kind) else kind), "metavar": METAVARS.get(kind, "TEXT")}


def _flag_type(kind: Any) -> Callable[[str], Any]:
    """Parser of a flag's text, whose error doesn't show secrets."""

    def read(text: str) -> Any:
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{redact(text)!r} is not {type_name(kind)}") from None

    return read


def with_flags(config: C, flags: argparse.Namespace) -> C:
    """Override settings by the flags that were given.

    Raises:
        LprError: a value can't be used.
    """
    known = settings_in(type(config))
    given = {key: value for key, value in vars(flags).items() if key in known}
    return dataclasses.replace(config, **check_table(known, given, ""))
