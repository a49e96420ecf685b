"""The reader of a rectified plate: settings, samples, task and evaluation."""
