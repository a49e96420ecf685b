"""Training targets: heat maps, and forced alignment of characters."""
