"""The command `lpr-fleet`."""
