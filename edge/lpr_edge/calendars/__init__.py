"""Dates as people write them: local wall-clock time, and the Bikram Sambat calendar of Nepal."""
