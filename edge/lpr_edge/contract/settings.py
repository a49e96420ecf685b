"""Settings as frozen dataclasses: TOML on disk, a flag for every key, mistakes told in one line.

Fields are of type int, float, bool, str, Path, a tuple of these, or one of these or None; the string below a field says
what it means.
"""

import argparse
import ast
import dataclasses
import difflib
import inspect
import itertools
import json
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from lpr_edge.contract.errors import LprError
from lpr_edge.contract.text_files import parse_toml, read_text
from lpr_edge.contract.url import redact

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C", bound="DataclassInstance")

SECRET = {"secret": True}
"""Metadata of a field whose value no message shows."""

METAVARS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}
"""How a flag's value is called in --help."""


def check_table(config_class: type, values: dict[str, Any], origin: str) -> dict[str, Any]:
    """A table's values, each as its field's type wants it.

    Raises:
        LprError: a key is unknown (the nearest known one is named), or a value has the wrong type.
    """
    types_of = get_type_hints(config_class)
    for key in values:
        if key not in types_of:
            raise LprError(f"{origin}: unknown key `{key}`.{_suggestion(key, types_of)}")
    secrets = secret_names(config_class)
    return {key: _convert(value, types_of[key], key, origin, key in secrets) for key, value in values.items()}


def check_texts(config_class: type, texts: dict[str, str], origin: str, prefix: str = "") -> dict[str, Any]:
    """A table's values from texts, as an environment has them; lists are separated by commas.

    Args:
        config_class: whose fields they are for.
        texts: by key.
        origin: where they came from, for error messages.
        prefix: of the keys where they came from, in capitals: then error messages write `PREFIX_KEY`.

    Raises:
        LprError: a key is unknown (the nearest known one is named), or a text doesn't say what its key needs.
    """
    types_of = get_type_hints(config_class)
    named = {prefix + key.upper(): key for key in types_of} if prefix else {key: key for key in types_of}
    values = {}
    for name, text in texts.items():
        if name not in named:
            raise LprError(f"{origin}: unknown key `{name}`.{_suggestion(name, named)}")
        key = named[name]
        is_secret = key in secret_names(config_class)
        values[key] = _convert(_from_text(text, types_of[key]), types_of[key], name, origin, is_secret)
    return values


def secret_names(config_class: type) -> set[str]:
    """The fields whose values no message may show."""
    return {field.name for field in dataclasses.fields(config_class) if field.metadata.get("secret")}


def _from_text(text: str, kind: Any) -> Any:
    """What a text says, where it says what its type needs; else the text itself, for `_convert` to refuse."""
    kind = _without_none(kind)
    if get_origin(kind) is tuple:
        return [_from_text(part.strip(), get_args(kind)[0]) for part in text.split(",") if part.strip()]
    if kind is bool:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower(), text)
    try:
        return kind(text)
    except ValueError:
        return text


def _without_none(kind: Any) -> Any:
    """The type of an optional field's values; other types as they are."""
    if isinstance(kind, UnionType):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind


def _suggestion(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f" Did you mean `{near[0]}`?" if near else f" Known keys: {', '.join(known)}."


def _convert(value: Any, kind: Any, key: str, origin: str, is_secret: bool = False) -> Any:
    kind = _without_none(kind)
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_convert(item, get_args(kind)[0], key, origin, is_secret) for item in value)
    if kind is float and type(value) is int:
        return float(value)
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    if type(value) is not kind:
        found = "not shown here" if is_secret else _shown_value(value)
        raise LprError(f"{origin}: `{key}` is {found}, and {_type_name(kind)} was expected.")
    return value


def _shown_value(value: object) -> str:
    """A value as a message shows it: a URL without its login, and of a table or list only that it is one."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return repr(redact(value) if isinstance(value, str) else value)


def _type_name(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return f"a list, each item {_type_name(get_args(kind)[0])}"
    return {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path"}[kind]


def read_table(path: Path) -> dict[str, Any]:
    """A TOML file's table.

    Raises:
        LprError: the file can't be read, or isn't TOML.
    """
    try:
        return parse_toml(read_text(path))
    except OSError as error:
        raise LprError(f"{path} can't be read: {error.strerror}. Give --config a TOML file.") from error
    except ValueError as error:
        raise LprError(f"{path} isn't TOML: {error}.") from error


def config_to_toml(config: Any, changed_only: bool = False) -> str:
    """Settings as TOML, each key below what it means.

    Args:
        config: any settings; a key that is None is left out, as TOML has no word for it.
        changed_only: leave out those that have their default, too.
    """
    notes = field_notes(type(config))
    lines = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if value is None or (changed_only and value == field.default):
            continue
        note = notes.get(field.name)
        lines += [f"# {note}"] if note else []
        lines.append(f"{field.name} = {_toml_value(value)}")
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Path):
        return _toml_value(str(value))
    # A JSON string, number or boolean is a TOML one, but for the one control character that JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def field_notes(config_class: type) -> dict[str, str]:
    """What stands below each field in the class's source, its bases included, by field name."""
    notes: dict[str, str] = {}
    for cls in reversed(config_class.__mro__[:-1]):
        notes |= _own_notes(cls)
    return notes


def _own_notes(cls: type) -> dict[str, str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except OSError:  # source not installed: flags then have no help text, and work
        return {}
    assert isinstance(tree.body[0], ast.ClassDef)
    body = tree.body[0].body
    return {
        field.target.id: " ".join(str(note.value.value).split())
        for field, note in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
    }


def add_flags(parser: argparse._ActionsContainer, config_class: type[Any], names: Iterable[str] | None = None) -> None:
    """A flag for every key, or for those named; a flag that isn't given leaves no trace in the parsed namespace."""
    notes, types_of = field_notes(config_class), get_type_hints(config_class)
    fields = {field.name: field for field in dataclasses.fields(config_class)}
    for field in fields.values() if names is None else (fields[name] for name in names):
        name = "--" + field.name.replace("_", "-")
        shown = f"{notes.get(field.name, '')} (default: {_shown(field.default)})".replace("%", "%%")
        parser.add_argument(name, default=argparse.SUPPRESS, help=shown, **_flag_options(types_of[field.name]))


def _shown(default: object) -> str:
    if isinstance(default, tuple):
        return " ".join(map(str, default))
    return "none" if default in ("", None) else str(default)


def _flag_options(kind: Any) -> dict[str, Any]:
    kind = _without_none(kind)
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(kind) is tuple:
        return {"type": _flag_type(get_args(kind)[0]), "nargs": "+"}
    return {"type": _flag_type(kind), "metavar": METAVARS[kind]}


def _flag_type(kind: Any) -> Callable[[str], Any]:
    """What reads a flag's text, and shows nothing secret of one that it can't read."""

    def read(text: str) -> Any:
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{redact(text)!r} is not {_type_name(kind)}") from None

    return read


def with_flags(config: C, flags: argparse.Namespace) -> C:
    """The settings, with every flag that was given put over them."""
    given = {key: value for key, value in vars(flags).items() if key in get_type_hints(type(config))}
    lists = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    return dataclasses.replace(config, **given | lists)
