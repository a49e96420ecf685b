"""Several cameras at once: a thread for each, and a fair turn for its newest frame."""
