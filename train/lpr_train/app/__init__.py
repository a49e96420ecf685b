"""The command `lpr-train`."""
