"""The optimiser: AdamW or SGD, with a warm-up and a cosine."""

from typing import Any

from lpr_train.config import FitConfig
from lpr_train.engine import load_keras


def make_optimizer(config: FitConfig) -> Any:
    """The optimiser that the settings ask for, with a linear warm-up and a cosine down to the final rate."""
    keras = load_keras()
    warmup = round(config.warmup_epochs * config.steps_per_epoch)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else config.learning_rate,
        decay_steps=max(1, config.epochs * config.steps_per_epoch - warmup),
        alpha=config.final_learning_rate / config.learning_rate,
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    common = {"weight_decay": config.weight_decay or None, "global_clipnorm": config.clip_norm or None}
    if config.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True, **common)
    else:
        optimizer = keras.optimizers.AdamW(schedule, **common | {"weight_decay": config.weight_decay})
    if config.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
