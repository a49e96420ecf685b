"""Shared by all folders: loading Keras, settings, progress, the protocol of a task."""
