"""Settings of a fine-tuning, chosen by the number of examples and the available time."""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.character_files import load_characters
from lpr_edge.contract.data.label_file import TRAINING_SPLIT
from lpr_edge.contract.data.plate_photos import load_photos_for
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_train.base.config import FitConfig

C = TypeVar("C", bound=FitConfig)


@dataclass(frozen=True)
class Recipe:
    """How one kind of network is fine-tuned."""

    samples_per_minute: int
    """About what two cores manage, with validation; the time limit holds even if it's less."""
    passes: int
    """How often each example is shown, augmented differently each time."""
    peak_rate: float
    """Learning rate for `MANY` examples and more; lower with fewer."""
    real_share: float
    """Fraction of samples that are real; the rest are rendered, so that no layout is forgotten."""
    most: Mapping[str, float] = field(default_factory=dict)
    """Augmentation at most, where the starting run had more: the user's photographs are all of one kind."""


MILD = {"strength": 0.4, "corner_jitter": 0.045, "inverted_share": 0.05, "boxed_share": 0.08}
RECIPES = {
    "reader": Recipe(1800, 130, 1.5e-3, 0.8, MILD),
    "detector": Recipe(300, 30, 6e-4, 0.65),
    "characters": Recipe(6000, 60, 1e-3, 0.6),
}
MANY = 300
"""Examples from which on the learning rate is the recipe's."""
MIN_RATE = 0.3
"""Learning rate for very few examples, relative to the recipe's."""
EPOCHS = 8
MIN_STEPS = 25
"""Steps of an epoch at least: the statistics of batch normalisation and the EMA need them."""
HELD_OUT_SHARE = 0.2
EMA_WINDOWS = 12
"""How many times the EMA's window, 1 / (1 - decay) steps, fits into the run."""
MIN_HELD_OUT = 10
"""Held-out examples below which no comparison is made: one more or less would decide it."""


def count_examples(command: str, folder: Path, country: str) -> int:
    """Count the training examples of a data folder without opening an image.

    Raises:
        DataError: there are none, or a label is broken.
    """
    model_type = NAMED_TYPES[command]
    if not model_type.sees_plates:
        return len(load_characters(folder, TRAINING_SPLIT, load_country(country), lambda *_: None))
    count = sum(bool(photo.plates) for photo in load_photos_for(model_type, folder, TRAINING_SPLIT))
    if not count:
        raise DataError(f"{folder} has no plate in the split {TRAINING_SPLIT!r}. Label some: lpr-train label {folder}")
    return count


def fine_tune_settings(base: C, command: str, examples: int, minutes: float, cores: int | None = None) -> C:
    """Choose rate, length and EMA of a run.

    Args:
        base: settings of the starting network's run, with the paths of the new one.
        command: `reader`, `detector` or `characters`.
        examples: number of training examples.
        minutes: time limit.
        cores: of the processor; None to ask the system.
    """
    recipe = RECIPES[command]
    in_time = recipe.samples_per_minute * minutes * (cores or os.cpu_count() or 1) / 2
    wanted = examples * (1 - HELD_OUT_SHARE) * recipe.passes / recipe.real_share
    steps = max(MIN_STEPS, round(min(wanted, in_time) / base.batch_size / EPOCHS))
    rate = recipe.peak_rate * max(MIN_RATE, min(1.0, examples / MANY) ** 0.5)
    chosen: dict[str, Any] = {
        "epochs": EPOCHS,
        "steps_per_epoch": steps,
        "optimizer": "adamw",
        "learning_rate": round(rate, 6),
        "final_learning_rate": round(rate / 50, 8),
        "warmup_epochs": 0.5,
        "ema": round(max(0.9, min(0.998, 1 - EMA_WINDOWS / (EPOCHS * steps))), 4),
        "patience": 4,
        "validate_every": 1,
        "minutes": minutes,
        "holdout": HELD_OUT_SHARE,
        "also_holdout": HELD_OUT_SHARE if base.also else 0.0,
        "real_share": recipe.real_share,
        **{key: min(getattr(base, key), limit) for key, limit in recipe.most.items()},
        **_cleared(base),
    }
    return dataclasses.replace(base, **chosen)


def _cleared(base: FitConfig) -> dict[str, Any]:
    """Settings of the starting run without those of its own data."""
    none: dict[str, Any] = {"fold": 0, "folds": 0, "sources": "", "reader": "", "watch_validation": False}
    keys = {key.name for key in dataclasses.fields(base)}
    return {key: value for key, value in none.items() if key in keys}
