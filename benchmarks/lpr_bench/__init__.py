"""Benchmarks: accuracy, latency and memory of what runs on the device, on this machine."""
