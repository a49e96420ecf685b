"""The command `lpr-edge`: what is typed, and the loop from frames to events."""
