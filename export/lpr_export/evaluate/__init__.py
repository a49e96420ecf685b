"""Parity, metrics and thresholds of converted files, and the gate that decides about publication."""
