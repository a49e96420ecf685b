"""Output for people: annotated frames, a window, recordings."""
