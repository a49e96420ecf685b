"""Fit a reader's confidence on plates that it wasn't trained on."""
