"""What every folder may use: settings, units, log lines, signals, the board."""
