"""Runtimes compared with each other."""
