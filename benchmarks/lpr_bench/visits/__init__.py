"""Visits of vehicles: clips made of labelled photographs, or real ones, and what the device's events say of them."""
