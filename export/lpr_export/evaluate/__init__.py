"""The evidence: parity, metrics, thresholds, and the gate that decides."""
