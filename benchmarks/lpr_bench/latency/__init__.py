"""Latency of frames, networks and cold starts, and comparison of two results."""
