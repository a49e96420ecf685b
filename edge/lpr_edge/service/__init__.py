"""lpr-edge as a service of systemd: its unit, and what the two tell each other."""
