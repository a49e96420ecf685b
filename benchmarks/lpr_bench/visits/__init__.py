"""Visits of vehicles: clips made of labelled photographs, or real ones, and the scores of the device's events."""
