"""Basics of the contract: arrays, errors, files, settings and flags."""
