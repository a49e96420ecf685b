"""The training loop: losses, steps, EMA, checkpoints, several devices."""
