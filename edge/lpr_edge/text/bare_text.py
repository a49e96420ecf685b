"""A plate's text without spaces and punctuation, for comparison."""

import unicodedata


def bare(text: str) -> str:
    """Remove what is no character of a plate (spaces, punctuation, joiners); result in capitals, NFC."""
    kept = (c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c)[0] not in "ZCP" and c != "|")
    return "".join(kept).upper()
