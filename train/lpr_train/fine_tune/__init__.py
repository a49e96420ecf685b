"""Fine-tuning: from a trained network and a user's photographs to a better one, or to the reason to keep the old."""
