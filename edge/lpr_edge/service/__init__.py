"""lpr-edge as a systemd service: its unit, the watchdog, and runtime statistics."""
