"""The detector of plates: settings, task and metrics."""
