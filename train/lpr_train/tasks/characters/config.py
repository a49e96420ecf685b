"""Settings of a classifier's run, with two sets of defaults: lpr's and the article's."""

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
"""The article's settings: Keras' SGD at its default, constant rate; nothing held out, the last epoch is kept."""


@dataclass(frozen=True)
class CharactersConfig(FitConfig):
    """Settings of a classifier's run."""

    epochs: int = 60
    steps_per_epoch: int = 100
    batch_size: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 0.02
    arch: str = "compact"
    """the network: compact, or baseline, the article's, which selects recipe article"""
    recipe: str = "rich"
    """training data: rich, augmented real crops and rendered ones; article, each real crop once in an epoch, augmented
    as by Keras' ImageDataGenerator, with the article's defaults for batch size, learning rate, optimiser and epochs"""
    alphabet: str = "published"
    """classes: published, those of the article's data; wide, also the letters of the larger data set"""
    holdout: float = 0.12
    """fraction of each class's training crops, in runs of neighbouring names, held out to choose the epoch"""
    watch_validation: bool = False
    """compute metrics on the published validation split after each epoch; they never choose the epoch"""
    reader: str = ""
    """run folder of a reader, to cut the characters out of --data's plates as additional training crops"""
    real_share: float = 0.7
    """fraction of samples that are real crops, if --data has them"""
    clutter_share: float = 0.03
    """fraction of samples that are clutter without a character, with a uniform target"""
    foreign_share: float = 0.03
    """fraction of samples that show a letter outside the alphabet, with a uniform target"""
    mixup_share: float = 0.15
    """fraction of samples that blend two others (mixup)"""
    label_smoothing: float = 0.05
    """label smoothing"""
    strength: float = 0.7
    """augmentation strength of geometry, colours and degradation, 0..1"""

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            LprError: a value is out of its range.
        """
        super().__post_init__()
        require(self.arch in ARCHES, "arch", self.arch, " or ".join(ARCHES))
        require(self.recipe in RECIPES, "recipe", self.recipe, " or ".join(RECIPES))
        require(self.alphabet in ALPHABETS, "alphabet", self.alphabet, " or ".join(ALPHABETS))

    @classmethod
    def preset(cls, chosen: Mapping[str, Any]) -> Self:
        """The article's settings for its recipe or network, else the class's defaults."""
        recipe = chosen.get("recipe", "article" if chosen.get("arch") == "baseline" else "rich")
        return cls(recipe=recipe, **ARTICLE) if recipe == "article" else cls()
