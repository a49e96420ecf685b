"""Plates found and read, characters classified, and every miss."""
