"""Detector, reader and classifier: the data, losses and metrics of each."""
