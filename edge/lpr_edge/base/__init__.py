"""What every folder may use: log lines, signals, workers, the board."""
