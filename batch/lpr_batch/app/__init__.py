"""The command `lpr-batch`."""
