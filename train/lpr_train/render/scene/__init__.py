"""Whole frames: vehicles, distractors, scenes, videos, and contact sheets."""
