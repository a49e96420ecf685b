"""Training tasks: detector, reader and character classifier, each with its data, losses and metrics."""
