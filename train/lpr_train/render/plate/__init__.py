"""Rendering of single plates and characters: fonts, cut-out and painted glyphs, lettering, wording."""
