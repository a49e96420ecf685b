"""Settings of a training run: frozen dataclasses, TOML on disk, a flag for every key."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.settings.fields import field_notes
from lpr_edge.contract.settings.flags import add_flags, with_flags
from lpr_edge.contract.settings.toml_file import config_to_toml, read_table
from lpr_edge.contract.settings.values import check_table

__all__ = [
    "FitConfig",
    "Optimizer",
    "add_flags",
    "config_from_dict",
    "config_to_toml",
    "field_notes",
    "read_config",
    "require",
    "with_flags",
]


class Optimizer(StrEnum):
    """How weights follow gradients."""

    ADAMW = "adamw"
    SGD = "sgd"


@dataclass(frozen=True)
class FitConfig:
    """Settings that every training run has; each task adds its own in a subclass."""

    country: str = "nepal"
    """the plates to learn: a name that ships with lpr, or a TOML file"""
    data: str = ""
    """folder with the real data sets; empty to train on rendered images only"""
    also: str = ""
    """folder with other real data, to train on in addition to `data`"""
    also_holdout: float = 0.0
    """fraction of the vehicles of `also` held out, to notice what is forgotten; none that `init` was trained on"""
    init: str = ""
    """run folder or model.keras with the initial weights, to fine-tune them"""
    seed: int = 1
    """random seed; the same seed gives the same samples in the same order"""
    epochs: int = 30
    """number of epochs, each of steps_per_epoch batches"""
    steps_per_epoch: int = 100
    """batches in an epoch; samples never run out, so this sets how often to validate"""
    batch_size: int = 64
    """samples in a batch"""
    optimizer: Optimizer = Optimizer.ADAMW
    """optimiser: adamw or sgd"""
    momentum: float = 0.9
    """Nesterov momentum of sgd; 0 for none"""
    learning_rate: float = 2e-3
    """peak learning rate, reached after the warm-up"""
    final_learning_rate: float = 1e-5
    """learning rate at the end of the cosine schedule"""
    warmup_epochs: float = 1.0
    """length of the warm-up, in which the learning rate rises linearly from zero"""
    weight_decay: float = 1e-4
    """decoupled weight decay; not applied to biases and batch normalisation"""
    clip_norm: float = 5.0
    """limit of the global gradient norm; 0 for no limit"""
    ema: float = 0.998
    """decay of the weights' exponential moving average (EMA), which is validated and kept; 0 for the raw weights"""
    patience: int = 0
    """early stopping: epochs without a better score before the run stops; 0 to run all epochs"""
    validate_every: int = 1
    """validate after every so many epochs"""
    minutes: float = 0.0
    """time limit: no epoch starts after so many minutes of training; the learning rate falls in time; 0 for none"""
    workers: int = 2
    """threads that make samples"""
    representative: int = 200
    """images saved as the representative data set for int8 calibration"""
    heldout: int = 300
    """held-out images saved for comparing the exported model with this one"""

    def __post_init__(self) -> None:
        """Check the range of each value.

        Raises:
            LprError: a value is out of its range; the message names the key and the range.
        """
        for key in ("epochs", "steps_per_epoch", "batch_size", "validate_every", "workers"):
            require(getattr(self, key) >= 1, key, getattr(self, key), "1 or more")
        for key in ("patience", "representative", "heldout", "clip_norm", "weight_decay", "warmup_epochs", "minutes"):
            require(getattr(self, key) >= 0, key, getattr(self, key), "0 or more")
        for key in ("ema", "momentum", "also_holdout"):
            require(0.0 <= getattr(self, key) < 1.0, key, getattr(self, key), "at least 0 and less than 1")

    @classmethod
    def preset(cls, chosen: Mapping[str, Any]) -> Self:  # noqa: ARG003 - for subclasses
        """The defaults, which may depend on the values from the file and the flags; here they don't."""
        return cls()


@dataclass(frozen=True)
class FoldConfig(FitConfig):
    """Settings of a run on photographs of plates, which are held out by vehicle."""

    holdout: float = 0.1
    """fraction of the training photographs, grouped by vehicle, held out to choose the epoch; 0 for none"""
    fold: int = 0
    """cross-validation fold that is held out instead of `holdout`, from 1 to `folds`"""
    folds: int = 0
    """number of cross-validation folds; 0 for none"""


C = TypeVar("C", bound=FitConfig)

FORMER_KEYS = {
    "flattened_share": "one_row_share",
    "misread_weight": "hard_example_weight",
    "mistaken_weight": "hard_example_weight",
    "mix_share": "mixup_share",
    "pasted_share": "letter_paste_share",
    "recombined_share": "copy_paste_share",
    "stranger_share": "foreign_share",
    "trouble_share": "occlusion_share",
}
"""Former name of a key -> its name: config.toml of older runs has the former ones."""


def require(holds: bool, key: str, value: object, expected: str) -> None:
    """Check a condition on the value of a setting.

    Raises:
        LprError: the condition is false; the message names the key, the value and what is expected.
    """
    if not holds:
        raise LprError(f"Setting `{key}` is {value}, and it must be {expected}.")


def config_from_dict(
    config_class: type[C], values: dict[str, Any], origin: str, flags: Mapping[str, Any] | None = None
) -> C:
    """Build settings from a table; missing keys keep their defaults.

    Args:
        config_class: the task's class of settings.
        values: the table as read from TOML.
        origin: where the table comes from, for error messages.
        flags: settings given on the command line, which may select other defaults.

    Raises:
        LprError: a key is unknown (the message suggests the nearest known one), or a value has the wrong type.
    """
    renamed = {FORMER_KEYS.get(key, key): value for key, value in values.items()}
    given = check_table(config_class, renamed, origin)
    return dataclasses.replace(config_class.preset(given | dict(flags or {})), **given)


def read_config(path: Path, config_class: type[C], flags: Mapping[str, Any] | None = None) -> C:
    """Read settings from a TOML file; missing keys keep the defaults that the file's values and `flags` select.

    Raises:
        LprError: the file can't be read, isn't TOML, or holds an unknown key or a value of the wrong type.
    """
    return config_from_dict(config_class, read_table(path), str(path), flags)
