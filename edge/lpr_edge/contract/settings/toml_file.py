"""Read and write settings as TOML files."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import parse_toml, read_text
from lpr_edge.contract.base.units import ByteSize, TextValue, written
from lpr_edge.contract.settings.fields import Setting, settings_in, values_in


def read_table(path: Path) -> dict[str, Any]:
    """Read a TOML file.

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
    """Settings as TOML, each key below its description.

    Args:
        config: any settings; a key that is None is left out, as TOML has no word for it.
        changed_only: leave out those that have their default, too.
    """
    return table_to_toml(settings_in(type(config)), values_in(config), changed_only)


def table_to_toml(known: Mapping[str, Setting], values: Mapping[str, Any], changed_only: bool = False) -> str:
    """Values by key as TOML, each key below its description."""
    lines = []
    for key, setting in known.items():
        value = values[key]
        if value is None or (changed_only and value == setting.default):
            continue
        lines += [f"# {setting.note}"] if setting.note else []
        lines.append(f"{key} = {_toml_value(value)}")
    return "\n".join(lines) + "\n"


def shown_value(value: object) -> str:
    """A value as a settings file writes it."""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "none" if value in ("", None) else written(value)


def _toml_value(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Path | timedelta | ByteSize | TextValue):
        return _toml_value(written(value))
    # A JSON string, number or boolean is a TOML one, but for the one control character that JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
