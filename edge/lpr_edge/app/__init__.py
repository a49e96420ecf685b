"""The command `lpr-edge`: its command line, and the loop from frames to events."""
