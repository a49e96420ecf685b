"""Settings of a classifier's run, and the two sets of defaults: ours, and the article's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from lpr_train.base.config import FitConfig, require

ARCHES = ("compact", "baseline")
RECIPES = ("rich", "article")
ALPHABETS = ("published", "wide")

ARTICLE: dict[str, Any] = {
    "epochs": 20,
    "batch_size": 32,
    "optimizer": "sgd",
    "momentum": 0.0,
    "learning_rate": 0.01,
    "final_learning_rate": 0.01,
    "warmup_epochs": 0.0,
    "weight_decay": 0.0,
    "clip_norm": 0.0,
    "ema": 0.0,
    "holdout": 0.0,
    "watch_validation": True,
}
"""The article's settings: Keras' own SGD at its default rate of 0.01, held; nothing held out, the last epoch kept."""


@dataclass(frozen=True)
class CharactersConfig(FitConfig):
    """Settings of a classifier's run."""

    epochs: int = 60
    steps_per_epoch: int = 100
    batch_size: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 0.02
    arch: str = "compact"
    """the network: compact, or baseline, the article's, with whose recipe it comes"""
    recipe: str = "rich"
    """what is trained on: rich, real crops varied beside rendered ones; article, each real crop once an epoch, varied
    as Keras' ImageDataGenerator does, with the article's settings as defaults (batch, rate, optimiser, epochs)"""
    alphabet: str = "published"
    """classes: published, those of the article's data; wide, the letters of the wider data set too"""
    holdout: float = 0.12
    """share of each class's training crops, in runs of neighbouring names, that chooses the best epoch; 0 for none"""
    watch_validation: bool = False
    """measure the published validation split after each epoch, for its curve; it never chooses the epoch"""
    reader: str = ""
    """run folder of a reader that cuts the characters out of --data's plates, which are trained on as well"""
    real_share: float = 0.7
    """share of samples that are real crops, where --data has them"""
    clutter_share: float = 0.03
    """share of samples that show no character, and are to be answered with no preference"""
    stranger_share: float = 0.03
    """share of samples that show a letter outside the alphabet, and are to be answered so, too"""
    mix_share: float = 0.15
    """share of samples that are two blended ones (mixup)"""
    label_smoothing: float = 0.05
    """how much of a target is spread over all labels"""
    strength: float = 0.7
    """how much pictures are moved, repainted and degraded, 0..1"""

    def __post_init__(self) -> None:
        """Refuse an unknown network or recipe.

        Raises:
            LprError: a value is out of its range.
        """
        super().__post_init__()
        require(self.arch in ARCHES, "arch", self.arch, " or ".join(ARCHES))
        require(self.recipe in RECIPES, "recipe", self.recipe, " or ".join(RECIPES))
        require(self.alphabet in ALPHABETS, "alphabet", self.alphabet, " or ".join(ALPHABETS))

    @classmethod
    def preset(cls, chosen: Mapping[str, Any]) -> Self:
        """The article's settings for its recipe, which its network brings along; else the class's own."""
        recipe = chosen.get("recipe", "article" if chosen.get("arch") == "baseline" else "rich")
        return cls(recipe=recipe, **ARTICLE) if recipe == "article" else cls()
