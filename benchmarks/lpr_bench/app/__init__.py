"""The command `lpr-bench`."""
