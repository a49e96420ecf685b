"""Values of settings: checked and converted from a file's table or from texts, and built into dataclasses."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import TextValue, parser_of
from lpr_edge.contract.base.url import redact
from lpr_edge.contract.settings.fields import Schema, by_key, is_group, own_fields, type_name, without_none

C = TypeVar("C")


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
        if is_group(kind):
            made[field.name] = build_settings(kind, values, key_of)
        elif key_of(field.name) in values:
            made[field.name] = values[key_of(field.name)]
    return config_class(**made)
