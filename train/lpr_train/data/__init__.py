"""Labelled photographs and crops, read into samples."""
