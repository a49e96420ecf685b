"""One small adapter for each inference runtime, behind `open_model`."""
