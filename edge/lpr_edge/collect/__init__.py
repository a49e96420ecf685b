"""Readings worth labelling, kept as a data folder: low-confidence ones, and frames that a vehicle's vote corrects."""
