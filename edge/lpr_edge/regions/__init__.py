"""Parts of a frame that are searched for plates: the region of interest, and tiles of large frames."""
