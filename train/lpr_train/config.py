"""Settings of a training run: frozen dataclasses, TOML on disk, a flag for every key."""

import argparse
import ast
import dataclasses
import difflib
import inspect
import itertools
import json
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar, get_args, get_origin, get_type_hints

from lpr_edge.contract.errors import LprError


@dataclass(frozen=True)
class FitConfig:
    """What every training run is told; a task's own settings come on top, in a subclass."""

    country: str = "nepal"
    """the plates to learn: a name that ships with lpr, or a TOML file"""
    data: str = ""
    """folder of real pictures; without one, rendered pictures alone"""
    init: str = ""
    """run folder or model.keras whose weights to start from"""
    seed: int = 1
    """the same seed gives the same pictures in the same order"""
    epochs: int = 30
    """epochs of steps_per_epoch batches"""
    steps_per_epoch: int = 100
    """batches an epoch: samples are drawn without end, so this sets how often to validate"""
    batch_size: int = 64
    """samples a step"""
    optimizer: str = "adamw"
    """adamw or sgd"""
    momentum: float = 0.9
    """of sgd, Nesterov's; 0 for none"""
    learning_rate: float = 2e-3
    """the highest learning rate, reached after the warm-up"""
    final_learning_rate: float = 1e-5
    """where the cosine ends"""
    warmup_epochs: float = 1.0
    """epochs over which the learning rate rises from zero"""
    weight_decay: float = 1e-4
    """decoupled weight decay; biases and batch normalisation are left out"""
    clip_norm: float = 5.0
    """largest norm of all gradients together; 0 for no limit"""
    ema: float = 0.998
    """decay of the running average of weights that is validated and kept; 0 to keep the raw weights"""
    patience: int = 0
    """epochs without a better score before stopping; 0 to run them all"""
    validate_every: int = 1
    """epochs from one validation to the next"""
    workers: int = 2
    """samples made at the same time"""
    representative: int = 200
    """pictures put by for calibrating int8"""
    heldout: int = 300
    """pictures put by for proving the exported model, apart from training"""

    def __post_init__(self) -> None:
        """Refuse values that no run could use.

        Raises:
            LprError: a value is out of its range; the message names key and range.
        """
        for key in ("epochs", "steps_per_epoch", "batch_size", "validate_every", "workers"):
            require(getattr(self, key) >= 1, key, getattr(self, key), "1 or more")
        for key in ("patience", "representative", "heldout", "clip_norm", "weight_decay", "warmup_epochs"):
            require(getattr(self, key) >= 0, key, getattr(self, key), "0 or more")
        for key in ("ema", "momentum"):
            require(0.0 <= getattr(self, key) < 1.0, key, getattr(self, key), "at least 0 and less than 1")
        require(self.optimizer in ("adamw", "sgd"), "optimizer", self.optimizer, "adamw or sgd")

    @classmethod
    def preset(cls, chosen: Mapping[str, Any]) -> Self:  # noqa: ARG003 - for subclasses
        """The defaults that go with what was chosen by file and flags; here there is one set of them."""
        return cls()


C = TypeVar("C", bound=FitConfig)


def require(holds: bool, key: str, found: object, expected: str) -> None:
    """Refuse a value of a setting.

    Raises:
        LprError: it doesn't hold; the message names key and range.
    """
    if not holds:
        raise LprError(f"Setting `{key}` is {found}, and it must be {expected}.")


def config_from_dict(
    config_class: type[C], values: dict[str, Any], origin: str, flags: Mapping[str, Any] | None = None
) -> C:
    """Settings from a table; keys it lacks keep their defaults.

    Args:
        config_class: the task's own settings.
        values: as read from TOML.
        origin: where the table came from, for error messages.
        flags: what will be put over it, and may choose other defaults.

    Raises:
        LprError: a key is unknown (the nearest known one is named), or a value has the wrong type.
    """
    types_of = get_type_hints(config_class)
    for key in values:
        if key not in types_of:
            raise LprError(f"{origin}: unknown key `{key}`.{_suggestion(key, types_of)}")
    given = {key: _convert(value, types_of[key], key, origin) for key, value in values.items()}
    return dataclasses.replace(config_class.preset(given | dict(flags or {})), **given)


def _suggestion(key: str, known: dict[str, Any]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f" Did you mean `{near[0]}`?" if near else f" Known keys: {', '.join(known)}."


def _convert(value: Any, kind: Any, key: str, origin: str) -> Any:
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_convert(item, get_args(kind)[0], key, origin) for item in value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise LprError(f"{origin}: `{key}` is {value!r}, and {_type_name(kind)} was expected.")
    return value


def _type_name(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return f"a list, each item {_type_name(get_args(kind)[0])}"
    return {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[kind]


def read_config(path: Path, config_class: type[C], flags: Mapping[str, Any] | None = None) -> C:
    """Settings from a TOML file, over the defaults that it and `flags` choose.

    Raises:
        LprError: the file can't be read, isn't TOML, or holds an unknown key or a value of the wrong type.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LprError(f"{path} can't be read: {error.strerror}. Give --config a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LprError(f"{path} isn't TOML: {error}.") from error
    return config_from_dict(config_class, values, str(path), flags)


def config_to_toml(config: FitConfig) -> str:
    """Settings as TOML, every key, each below what it means."""
    notes = field_notes(type(config))
    lines = []
    for field in dataclasses.fields(config):
        note = notes.get(field.name)
        lines += [f"# {note}"] if note else []
        lines.append(f"{field.name} = {_toml_value(getattr(config, field.name))}")
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(value)
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


def add_flags(parser: argparse._ActionsContainer, config_class: type[FitConfig]) -> None:
    """A flag for every key; a flag that isn't given leaves no trace in the parsed namespace."""
    notes, types_of = field_notes(config_class), get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        name = "--" + field.name.replace("_", "-")
        shown = f"{notes.get(field.name, '')} (default: {_shown(field.default)})".replace("%", "%%")
        parser.add_argument(name, default=argparse.SUPPRESS, help=shown, **_flag_options(types_of[field.name]))


def _shown(default: object) -> str:
    if isinstance(default, tuple):
        return " ".join(map(str, default))
    return "none" if default == "" else str(default)


def _flag_options(kind: Any) -> dict[str, Any]:
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(kind) is tuple:
        return {"type": get_args(kind)[0], "nargs": "+"}
    return {"type": kind}


def with_flags(config: C, flags: argparse.Namespace) -> C:
    """The settings, with every flag that was given put over them."""
    given = {key: value for key, value in vars(flags).items() if key in get_type_hints(type(config))}
    lists = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    return dataclasses.replace(config, **given | lists)
