"""The command `lpr-export`: one export from its options to publication."""
