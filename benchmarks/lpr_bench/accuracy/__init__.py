"""Accuracy on plates and characters: scoring, reports, robustness, every miss."""
