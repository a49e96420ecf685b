"""Settings of a training run: frozen dataclasses, TOML on disk, a flag for every key."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from lpr_edge.contract.errors import LprError
from lpr_edge.contract.flags import add_flags, with_flags
from lpr_edge.contract.settings import check_table, field_notes
from lpr_edge.contract.settings_file import config_to_toml, read_table

__all__ = [
    "FitConfig",
    "add_flags",
    "config_from_dict",
    "config_to_toml",
    "field_notes",
    "read_config",
    "require",
    "with_flags",
]


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
    given = check_table(config_class, values, origin)
    return dataclasses.replace(config_class.preset(given | dict(flags or {})), **given)


def read_config(path: Path, config_class: type[C], flags: Mapping[str, Any] | None = None) -> C:
    """Settings from a TOML file, over the defaults that it and `flags` choose.

    Raises:
        LprError: the file can't be read, isn't TOML, or holds an unknown key or a value of the wrong type.
    """
    return config_from_dict(config_class, read_table(path), str(path), flags)
