"""One plate or one character: fonts, cut-out and painted glyphs, lettering, what a plate says."""
