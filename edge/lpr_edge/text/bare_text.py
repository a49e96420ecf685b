"""A plate's text without spaces and punctuation, for comparing."""

import unicodedata


def bare(text: str) -> str:
    """A text without what is no sign of a plate (spaces, punctuation, joiners), in capitals, NFC."""
    kept = (c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c)[0] not in "ZCP" and c != "|")
    return "".join(kept).upper()
