"""Privacy: keyed hashes instead of texts, and blurred plates in images."""
