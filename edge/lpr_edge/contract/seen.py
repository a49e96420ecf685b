"""Which pictures a network's weights have learnt from: a record that travels with the weights, run after run.

It holds hashes of the pictures' files alone, from which no plate can be told.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lpr_edge.contract.errors import DataError
from lpr_edge.contract.text_files import parse_json, read_text

SEEN = "seen.json"
"""Its name in a run folder."""
CARD = "model.json"
DIGITS = 32
"""Of a SHA-256 that are kept: 128 bits tell any number of pictures apart."""

T = TypeVar("T")


@dataclass(frozen=True)
class SeenPictures:
    """The pictures that weights have learnt from, directly or through the weights that they began from."""

    hashes: frozenset[str] = frozenset()
    """First `DIGITS` hexadecimal digits of the SHA-256 of each picture's file."""
    is_complete: bool = True
    """False where weights that it began from told nothing: what they have learnt isn't known."""

    @staticmethod
    def of(sha256: Iterable[str]) -> "SeenPictures":
        """Pictures by the hashes of their files."""
        return SeenPictures(frozenset(digest[:DIGITS] for digest in sha256))

    def has(self, sha256: str) -> bool:
        """Whether a picture is known to be among them, by the hash of its file."""
        return sha256[:DIGITS] in self.hashes

    def unseen(self, items: Sequence[T], sha256_of: Callable[[T], str]) -> list[T]:
        """Those of some pictures that aren't among them; hashes are asked for where there is something to find."""
        return [item for item in items if not self.has(sha256_of(item))] if self.hashes else list(items)

    def and_also(self, other: "SeenPictures") -> "SeenPictures":
        """What both have seen, together."""
        return SeenPictures(self.hashes | other.hashes, self.is_complete and other.is_complete)

    def to_json(self) -> str:
        """As a run folder keeps it: the same pictures give the same bytes."""
        return json.dumps({"complete": self.is_complete, "sha256": sorted(self.hashes)}, indent=0) + "\n"


def read_seen(run: Path) -> SeenPictures:
    """What the weights of a run have learnt from.

    Args:
        run: its folder, or a file in it.

    Returns:
        Nothing, completely, for a run that its card says learnt from rendered pictures alone; nothing, incompletely,
        where neither a record nor a card tells.

    Raises:
        DataError: the record is damaged.
    """
    folder = run if run.is_dir() else run.parent
    path = folder / SEEN
    if not path.is_file():
        return SeenPictures(is_complete=_is_rendered_alone(folder / CARD))
    try:
        values = parse_json(read_text(path))
        return SeenPictures(frozenset(map(str, values["sha256"])), values["complete"] is True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error!r}): copy the run again") from error


def _is_rendered_alone(card: Path) -> bool:
    try:
        training = parse_json(read_text(card))["training"]
        return not training["data"] and not training["init"]
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return False
