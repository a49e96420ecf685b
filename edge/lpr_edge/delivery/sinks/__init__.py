"""The destinations of events, one module each."""
