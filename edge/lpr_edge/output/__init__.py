"""What people look at: annotated frames, a window, recordings."""
