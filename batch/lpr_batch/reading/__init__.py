"""One worker: its networks, the pictures of a block, and their rows."""
