"""What the hardware allows, and projections for other boards."""
