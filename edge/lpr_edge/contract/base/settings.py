"""Settings as frozen dataclasses: TOML on disk, a flag for every key, mistakes reported in one line.

Fields are of type int, float, bool, str, Path, timedelta, ByteSize, a `TextValue`, a tuple of these, or one of these
or None; the string below a field says what it means. A field may be a dataclass too: its keys are merged into its
parent's.
"""

import ast
import dataclasses
import difflib
import functools
import inspect
import itertools
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import TextValue, parser_of
from lpr_edge.contract.base.url import redact

C = TypeVar("C")

SECRET = {"secret": True}
"""Metadata of a field whose value no message shows."""
APART = {"apart": True}
"""Metadata of a field that holds no setting of its own."""


@dataclass(frozen=True)
class Setting:
    """One key of a settings file, and its flag."""

    key: str
    kind: Any
    """The field's type."""
    default: Any
    note: str
    """What it means; its flag's help."""
    is_secret: bool


Schema = type | Mapping[str, Setting]
"""Settings by their dataclass, or by key."""


def require_setting(holds: bool, key: str, found: object, expected: str) -> None:
    """Reject a value unless a condition holds.

    Raises:
        LprError: it doesn't hold; the message names key, value and what was expected.
    """
    if not holds:
        raise LprError(f"Setting `{key}` is {found}, and it must be {expected}.")


def settings_in(config_class: type, key_of: Callable[[str], str] = str) -> dict[str, Setting]:
    """Settings of a dataclass by key, in order; those of nested dataclasses take their field's place.

    Args:
        config_class: a dataclass.
        key_of: makes a key of a field's name.
    """
    notes, kinds = field_notes(config_class), get_type_hints(config_class)
    found: dict[str, Setting] = {}
    for field in own_fields(config_class):
        kind = kinds[field.name]
        if _is_group(kind):
            found |= settings_in(kind, key_of)
            continue
        key = key_of(field.name)
        is_secret = bool(field.metadata.get("secret"))
        found[key] = Setting(key, kind, field.default, notes.get(field.name, ""), is_secret)
    return found


def _is_group(kind: Any) -> bool:
    """Whether a field of that type holds settings, not a value."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind) and not issubclass(kind, TextValue)


def own_fields(config: Any) -> list[dataclasses.Field[Any]]:
    """Fields of a dataclass, without those that aren't settings."""
    return [field for field in dataclasses.fields(config) if not field.metadata.get("apart")]


def by_key(schema: Schema) -> Mapping[str, Setting]:
    """Index a schema's settings by key."""
    return schema if isinstance(schema, Mapping) else settings_in(schema)


def check_table(schema: Schema, values: dict[str, Any], origin: str) -> dict[str, Any]:
    """Convert a table's values to the types of their fields.

    Args:
        schema: the keys that are known.
        values: by key.
        origin: where they came from, for error messages; empty for the command line.

    Raises:
        LprError: a key is unknown (the nearest known one is named), or a value has the wrong type.
    """
    known = by_key(schema)
    for key in values:
        if key not in known:
            raise LprError(f"{_at(origin)}unknown key `{key}`.{_suggestion(key, known)}")
    return {key: _convert(value, known[key].kind, key, origin, known[key].is_secret) for key, value in values.items()}


def check_texts(schema: Schema, texts: dict[str, str], origin: str, prefix: str = "") -> dict[str, Any]:
    """Convert texts, such as environment variables, to the types of their fields; lists are separated by commas.

    Args:
        schema: the keys that are known.
        texts: by key.
        origin: where they came from, for error messages.
        prefix: of the keys where they came from, in capitals: then error messages write `PREFIX_KEY`.

    Raises:
        LprError: a key is unknown (the nearest known one is named), or a text doesn't say what its key needs.
    """
    known = by_key(schema)
    named = {prefix + key.upper(): key for key in known} if prefix else {key: key for key in known}
    values = {}
    for name, text in texts.items():
        if name not in named:
            raise LprError(f"{origin}: unknown key `{name}`.{_suggestion(name, named)}")
        setting = known[named[name]]
        label = setting.key if parser_of(without_none(setting.kind)) else name
        values[setting.key] = _convert(_from_text(text, setting.kind), setting.kind, label, origin, setting.is_secret)
    return values


def _from_text(text: str, kind: Any) -> Any:
    """Parse a text as a type; returns the text itself if it doesn't parse, which `_convert` then rejects."""
    kind = without_none(kind)
    if get_origin(kind) is tuple:
        return [_from_text(part.strip(), get_args(kind)[0]) for part in text.split(",") if part.strip()]
    if parser_of(kind):
        return text
    if kind is bool:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower(), text)
    try:
        return kind(text)
    except ValueError:
        return text


def without_none(kind: Any) -> Any:
    """Type of an optional field's values; other types unchanged."""
    if isinstance(kind, UnionType):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind


def _at(origin: str) -> str:
    return f"{origin}: " if origin else ""


def _suggestion(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f" Did you mean `{near[0]}`?" if near else f" Known keys: {', '.join(known)}."


def _convert(value: Any, kind: Any, key: str, origin: str, is_secret: bool = False) -> Any:
    parse = parser_of(without_none(kind))
    if value == "" and parse and kind is not without_none(kind):
        return None
    kind = without_none(kind)
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_convert(item, get_args(kind)[0], key, origin, is_secret) for item in value)
    if kind is float and type(value) is int:
        return float(value)
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    if parse and isinstance(value, str):
        try:
            return parse(value, key)
        except LprError as error:
            raise LprError(f"{_at(origin)}{error}") from error
    if type(value) is not kind and not (isinstance(value, TextValue) and isinstance(value, kind)):
        found = "not shown here" if is_secret else _redacted(value)
        raise LprError(f"{_at(origin)}`{key}` is {found}, and {type_name(kind)} was expected.")
    return value


def _redacted(value: object) -> str:
    """A value as messages show it: a URL without its login, a table or list only by its type."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return repr(redact(value) if isinstance(value, str) else value)


def type_name(kind: Any) -> str:
    """Name of a field's type in words."""
    if get_origin(kind) is tuple:
        return f"a list, each item {type_name(get_args(kind)[0])}"
    return {int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}.get(kind, "a text")


def values_in(config: Any, key_of: Callable[[str], str] = str) -> dict[str, Any]:
    """Values of settings by key; see `settings_in`."""
    values: dict[str, Any] = {}
    for field in own_fields(config):
        value = getattr(config, field.name)
        values |= values_in(value, key_of) if _is_group(type(value)) else {key_of(field.name): value}
    return values


def build_settings(
    config_class: type[C], values: Mapping[str, Any], key_of: Callable[[str], str] = str, **apart: object
) -> C:
    """Build settings from values by key; missing keys get their defaults.

    Args:
        config_class: a dataclass.
        values: as `check_table` returns them; keys of other dataclasses are passed over.
        key_of: see `settings_in`.
        **apart: values of the fields that stand apart.

    Raises:
        LprError: the class refuses a value.
    """
    kinds = get_type_hints(config_class)
    made: dict[str, Any] = dict(apart)
    for field in own_fields(config_class):
        kind = kinds[field.name]
        if _is_group(kind):
            made[field.name] = build_settings(kind, values, key_of)
        elif key_of(field.name) in values:
            made[field.name] = values[key_of(field.name)]
    return config_class(**made)


@functools.cache
def field_notes(config_class: type) -> dict[str, str]:
    """Texts below each field in the class's source, base classes included, by field name."""
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
