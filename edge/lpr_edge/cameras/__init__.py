"""Several cameras at once: a thread for each, and fair scheduling of their newest frames."""
