"""The fields of a settings dataclass: their keys, types, defaults and descriptions.

Fields are of type int, float, bool, str, Path, timedelta, ByteSize, a `TextValue`, a tuple of these, or one of these
or None; the string below a field says what it means. A field may be a dataclass too: its keys are merged into its
parent's.
"""

import ast
import dataclasses
import functools
import inspect
import itertools
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from lpr_edge.contract.base.units import TextValue

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
        if is_group(kind):
            found |= settings_in(kind, key_of)
            continue
        key = key_of(field.name)
        is_secret = bool(field.metadata.get("secret"))
        found[key] = Setting(key, kind, field.default, notes.get(field.name, ""), is_secret)
    return found


def is_group(kind: Any) -> bool:
    """Whether a field of that type holds settings, not a value."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind) and not issubclass(kind, TextValue)


def own_fields(config: Any) -> list[dataclasses.Field[Any]]:
    """Fields of a dataclass, without those that aren't settings."""
    return [field for field in dataclasses.fields(config) if not field.metadata.get("apart")]


def by_key(schema: Schema) -> Mapping[str, Setting]:
    """Index a schema's settings by key."""
    return schema if isinstance(schema, Mapping) else settings_in(schema)


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


def without_none(kind: Any) -> Any:
    """Type of an optional field's values; other types unchanged."""
    if isinstance(kind, UnionType):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind


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
        values |= values_in(value, key_of) if is_group(type(value)) else {key_of(field.name): value}
    return values
