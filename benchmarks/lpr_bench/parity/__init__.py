"""Parity: outputs of all runtimes compared with a reference."""
