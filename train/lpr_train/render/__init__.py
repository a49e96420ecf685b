"""Synthetic training images."""
