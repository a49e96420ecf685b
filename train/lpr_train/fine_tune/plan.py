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
from lpr_edge.contract.data.plate_photos import PlateLabel, ground_truth, load_photos_for
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_train.base.config import FitConfig

C = TypeVar("C", bound=FitConfig)


@dataclass(frozen=True)
class Alone:
    """What differs where the user's photographs are the only real ones: rendered images alone show other layouts."""

    real_share: float
    rate: float
    """Learning rate, relative to the recipe's: a large step forgets first what few samples show."""


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
    alone: Alone | None = None
    """What differs without photographs of `also`."""


MILD = {"strength": 0.4, "corner_jitter": 0.045, "inverted_share": 0.05, "boxed_share": 0.08}
RECIPES = {
    "reader": Recipe(1800, 130, 1.5e-3, 0.8, MILD, Alone(real_share=0.55, rate=0.6)),
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
"""Of the vehicles, where they are many."""
MOST_HELD_OUT = 0.4
"""Of the vehicles at most, where they are few: the others have to be learnt."""
WANTED_HELD_OUT = 15
"""Photographs to compare networks on, at least, as far as `MOST_HELD_OUT` allows."""
EMA_WINDOWS = 12
"""How many times the EMA's window, 1 / (1 - decay) steps, fits into the run."""
NOT_OF_ITS_DATA: Mapping[str, Any] = {"fold": 0, "folds": 0, "sources": "", "reader": "", "watch_validation": False}
"""Settings of the starting run that belong to its own data -> none."""
MIN_HELD_OUT = 10
"""Held-out examples below which no comparison is made: one more or less would decide it."""


@dataclass(frozen=True)
class DataCount:
    """Training examples of a data folder."""

    examples: int
    """Photographs with a plate, or pictures of characters."""
    by_hand: int
    """Those that a person labelled, and with which networks can be compared: only they can be held out."""

    @property
    def holdout(self) -> float:
        """Fraction of the vehicles to hold out: a fifth, or more where that would be too few to compare networks on."""
        return round(min(MOST_HELD_OUT, max(HELD_OUT_SHARE, WANTED_HELD_OUT / max(1, self.by_hand))), 2)

    def trained(self, holdout: float) -> float:
        """About how many are trained on if a fraction of those by hand is held out."""
        return self.examples - holdout * self.by_hand


def count_examples(command: str, folder: Path, country: str) -> DataCount:
    """Count the training examples of a data folder without opening an image.

    Raises:
        DataError: there are none, or a label is broken.
    """
    model_type = NAMED_TYPES[command]
    if not model_type.sees_plates:
        count = len(load_characters(folder, TRAINING_SPLIT, load_country(country), lambda *_: None))
        return DataCount(count, count)
    photos = [photo for photo in load_photos_for(model_type, folder, TRAINING_SPLIT) if photo.plates]
    if not photos:
        raise DataError(f"{folder} has no plate in the split {TRAINING_SPLIT!r}. Label some: lpr-train label {folder}")
    by_hand, _ = ground_truth(photos)
    is_compared = _is_found if model_type.finds_plates else _is_read
    return DataCount(len(photos), sum(any(map(is_compared, photo.plates)) for photo in by_hand))


def _is_found(plate: PlateLabel) -> bool:
    return plate.is_to_find


def _is_read(plate: PlateLabel) -> bool:
    return plate.legible == "full" and plate.is_to_read and plate.has_corners


def fine_tune_settings(
    base: C, command: str, data: DataCount, minutes: float, holdout: float | None = None, cores: int | None = None
) -> C:
    """Choose rate, length and EMA of a run.

    Args:
        base: settings of the starting network's run, with the paths of the new one.
        command: `reader`, `detector` or `characters`.
        data: training examples.
        minutes: time limit.
        holdout: fraction of the vehicles that is held out; None for that of `data`.
        cores: of the processor; None to ask the system.
    """
    recipe = RECIPES[command]
    held_out = data.holdout if holdout is None else holdout
    in_time = recipe.samples_per_minute * minutes * (cores or os.cpu_count() or 1) / 2
    wanted = data.trained(held_out) * recipe.passes / recipe.real_share
    steps = max(MIN_STEPS, round(min(wanted, in_time) / base.batch_size / EPOCHS))
    alone = recipe.alone if not base.also else None
    rate = recipe.peak_rate * max(MIN_RATE, min(1.0, data.examples / MANY) ** 0.5) * (alone.rate if alone else 1.0)
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
        "holdout": held_out,
        "also_holdout": HELD_OUT_SHARE if base.also else 0.0,
        "real_share": alone.real_share if alone else recipe.real_share,
        **{key: min(getattr(base, key), limit) for key, limit in recipe.most.items()},
    }
    chosen |= {**NOT_OF_ITS_DATA, "rendered_decides": alone is not None}
    keys = {key.name for key in dataclasses.fields(base)}
    return dataclasses.replace(base, **{key: value for key, value in chosen.items() if key in keys})
