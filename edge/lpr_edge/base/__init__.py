"""Basics that every folder may use: log lines, signals, units, the board."""
