"""A run over cameras, a stream or files: its parts opened, its loop, and its end."""
