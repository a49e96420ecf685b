"""What every folder may use: the engine, settings, progress, the protocol of a task."""
