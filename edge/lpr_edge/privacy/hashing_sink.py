"""Replace the plates in records by keyed hashes."""

import hashlib
import hmac

from lpr_edge.contract.records import Record, Sighting
from lpr_edge.delivery.sink import Layer, Sink
from lpr_edge.text.grammar import Grammar
from lpr_edge.watchlist.plate_spelling import plate_key

DIGITS = 32
"""Hexadecimal digits kept: 128 bits, so that no two plates share a hash by chance."""
HARMLESS = (
    *("event", "schema", "id", "source", "first_seen", "last_seen", "frames", "age_ms", "matched"),
    *("dwell_s", "direction"),
    *("frame", "ms", "error", "valid", "confidence", "char_confidences", "quad", "colour"),
)
"""Fields of a record that say nothing of the plate; all others go, those too that nobody has thought of yet."""

PLATE_LISTS = ("plates", "unsure")
"""Fields that hold plates' own records."""


class PlateHasher:
    """HMAC-SHA-256 (RFC 2104) of plates: equal for equal plates in any script, and useless without the key."""

    def __init__(self, key: bytes, grammar: Grammar) -> None:
        self._key = key
        self._grammar = grammar

    def hash_key(self, key: str) -> str:
        """Hash a plate's key, see `plate_key`: `#` and 32 digits."""
        return "#" + hmac.new(self._key, key.encode(), hashlib.sha256).hexdigest()[:DIGITS]

    def hash_text(self, text: str) -> str:
        """Hash a plate's text."""
        return self.hash_key(plate_key(text, self._grammar))


class HashingSink(Layer):
    """Removes plate texts from records before the inner sinks get them."""

    def __init__(self, inner: Sink, hasher: PlateHasher) -> None:
        super().__init__(inner)
        self._hasher = hasher

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Pass the hashed record on."""
        self.inner.write(self.hide(record), event)

    def hide(self, record: Record) -> Record:
        """Copy a record with hashes as `text`, `rows`, `latin` and in the votes, and without `fields`."""
        hidden = {field: record[field] for field in HARMLESS if field in record}
        if "text" in record:
            text = self._hasher.hash_text(record["text"])
            hidden |= {"text": text, "rows": [text], "latin": text, "fields": {}}
        if "votes" in record:
            hidden["votes"] = [vote | {"text": self._hasher.hash_text(vote["text"])} for vote in record["votes"]]
        for field in PLATE_LISTS:
            if field in record:
                hidden[field] = [self.hide(plate) for plate in record[field]]
        return hidden
