"""The font of plates' texts, in pictures and on pages."""

import base64
from pathlib import Path

from lpr_edge.contract.base.errors import LprError

FONT = "noto-sans-devanagari"
"""Has Devanagari and Latin."""


def font_path() -> Path:
    """Path of the font file.

    Raises:
        LprError: its package isn't installed.
    """
    try:
        import fontpkg

        return Path(fontpkg.path(FONT, weight=600, nearest=True))
    except Exception as error:
        raise LprError("no font for Devanagari: pip install fontpkg-noto-sans-devanagari") from error


def font_face(family: str) -> str:
    """The font as CSS, embedded in the page because not every machine has a font for the plates' script.

    Name the family first: Devanagari alone is taken from it, so that other letters stay the machine's own. Named after
    fonts that lack Devanagari, Chromium drew an empty box where a page showed it first.

    Raises:
        LprError: its package isn't installed.
    """
    data = base64.b64encode(font_path().read_bytes()).decode()
    script = "U+0900-097F, U+200C-200D, U+25CC"
    return f"@font-face {{ font-family: {family}; unicode-range: {script}; src: url(data:font/ttf;base64,{data}) }}"
