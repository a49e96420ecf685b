"""Whole frames: vehicles, distractors, scenes, clips, and sheets to look at."""
