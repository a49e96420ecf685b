"""Frames a second that a machine sustains, of single frames and of several streams at once."""
