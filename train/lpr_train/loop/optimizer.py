"""The optimiser (AdamW or SGD) with linear warm-up and cosine decay."""

from typing import Any

from lpr_train.base.config import FitConfig
from lpr_train.base.engine import load_keras
from lpr_train.loop.pacing import Pacer


def make_optimizer(
    config: FitConfig, steps_per_epoch: int | None = None, replicas: int = 1, pacer: Pacer | None = None
) -> Any:
    """Create the optimiser of the settings, with a linear warm-up and a cosine decay to the final learning rate.

    Args:
        config: the run's settings.
        steps_per_epoch: overrides the number of the settings.
        replicas: devices that share a batch; each contributes its part of the gradients.
        pacer: sets how fast the schedule runs; None for the speed of the steps.
    """
    keras = load_keras()
    steps = steps_per_epoch or config.steps_per_epoch
    warmup = round(config.warmup_epochs * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else config.learning_rate,
        decay_steps=max(1, config.epochs * steps - warmup),
        alpha=config.final_learning_rate / config.learning_rate,
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    schedule = pacer.paced(schedule) if pacer else schedule
    common = {"weight_decay": config.weight_decay or None, "global_clipnorm": config.clip_norm / replicas or None}
    if config.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(schedule, config.momentum, nesterov=config.momentum > 0, **common)
    else:
        optimizer = keras.optimizers.AdamW(schedule, **common | {"weight_decay": config.weight_decay})
    return _sparing(optimizer) if config.weight_decay else optimizer


def constant_optimizer(weight_decay: float, clip_norm: float) -> Any:
    """Create AdamW without a schedule: its user sets the learning rate at each step."""
    adamw = load_keras().optimizers.AdamW(1e-3, weight_decay=weight_decay, global_clipnorm=clip_norm or None)
    return _sparing(adamw)


def _sparing(optimizer: Any) -> Any:
    """Apply no weight decay to biases and batch normalisation."""
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
