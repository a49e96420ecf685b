"""From characters to a registration: grammar, decoding, confidence."""
