"""Plates for Frigate's events: its snapshots are read, and the plate is written back as the sub label."""
