"""One reader a label format: what stands in its files, and nothing yet about what it means."""
