"""An offline server for pictures: the HTTP interfaces that other programs already speak to plate readers."""
