"""Collects readings worth labelling: low-confidence ones, and frames whose reading a vehicle's vote corrects."""
