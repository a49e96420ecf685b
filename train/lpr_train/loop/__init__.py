"""The training loop: losses, steps, EMA, checkpoints, training on several devices."""
