"""The classifier of single characters: settings, samples, task, evaluation and rejection threshold."""
