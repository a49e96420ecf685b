"""An offline server that reads images, with HTTP interfaces that existing programs already use."""
