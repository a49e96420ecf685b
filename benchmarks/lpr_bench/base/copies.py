"""Find identical pictures: a copy counts once, and one in the training split is reported."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from lpr_edge.contract.base.pictures import file_sha256


class Labelled(Protocol):
    """A labelled picture on disk."""

    @property
    def path(self) -> Path:
        """Its file."""


L = TypeVar("L", bound=Labelled)


@dataclass(frozen=True)
class Copies:
    """Pictures that are more than once in a split, or also in the training split."""

    copies: tuple[tuple[str, str], ...]
    """(picture, the earlier one of the same bytes that is counted) of each that is left out."""
    in_training: tuple[tuple[str, str], ...]
    """(picture, the one of the same bytes that training has) of each that is counted."""

    def summarize(self) -> dict[str, Any]:
        """As plain values: `copies` and `in_training`."""
        return {
            "copies": [{"image": image, "same_as": other} for image, other in self.copies],
            "in_training": [{"image": image, "same_as": other} for image, other in self.in_training],
        }

    def warnings(self) -> list[str]:
        """Warnings above the results; empty without copies."""
        lines = []
        if self.copies:
            lines.append(f"COPIES, counted once: {_named(self.copies)}.")
        if self.in_training:
            lines.append(f"IN TRAINING TOO: {_named(self.in_training)}. Figures on these flatter: delete one of each.")
        return lines


def without_copies(pictures: Sequence[L], training: Iterable[Labelled] = ()) -> tuple[list[L], Copies]:
    """Leave out pictures whose bytes were there before.

    Args:
        pictures: of the split that is measured.
        training: what networks learn from, where that is another split.

    Returns:
        The first of each, in the given order, and the copies. A file that can't be read counts as different from all.
    """
    learnt = {_content(one.path): _name(one.path) for one in training}
    first: dict[str, str] = {}
    kept, copies, in_training = [], [], []
    for one in pictures:
        content = _content(one.path)
        if content in first:
            copies.append((_name(one.path), first[content]))
            continue
        first[content] = _name(one.path)
        kept.append(one)
        if content in learnt:
            in_training.append((_name(one.path), learnt[content]))
    return kept, Copies(tuple(copies), tuple(in_training))


def _content(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError:
        return str(path)


def _name(path: Path) -> str:
    """Folder and file: characters of several classes have the same names."""
    return f"{path.parent.name}/{path.name}"


def _named(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{image} = {other}" for image, other in pairs)
