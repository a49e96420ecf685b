"""Benchmark of searches in a large history of events."""
