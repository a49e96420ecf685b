"""Roofline: networks compared with the machine's peak, acceptance criteria, and projections for other boards."""
