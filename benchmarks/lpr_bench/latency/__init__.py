"""Times of frames, networks and cold starts, and their comparison."""
