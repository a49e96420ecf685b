"""Keeps plates from being stored: keyed hashes in place of texts, and blurred images."""
