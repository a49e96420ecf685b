"""Check and explore data sets before training."""
