"""Parts of a frame in which plates are looked for: the region of interest, and tiles of large frames."""
