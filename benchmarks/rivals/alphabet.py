"""Labels as single signs: fast-plate-ocr's alphabet is a string, and बा or प्रदेश are one sign each to lpr."""

from collections.abc import Sequence
from dataclasses import dataclass

from lpr_edge.contract.countries import load_country

FIRST = 0xE000
"""The first private-use code point: no label can be mistaken for padding, a number or pandas' words for nothing."""
PAD = "_"
"""Fills a short plate's places; fast-plate-ocr's own choice."""


@dataclass(frozen=True)
class Alphabet:
    """A sign for each label, in the labels' order."""

    labels: tuple[str, ...]

    @property
    def text(self) -> str:
        """All signs and the padding, as a plate configuration has them."""
        return "".join(chr(FIRST + i) for i in range(len(self.labels))) + PAD

    def encode(self, labels: Sequence[str]) -> str:
        """A sign a label.

        Raises:
            ValueError: one is no label of this alphabet.
        """
        return "".join(chr(FIRST + self.labels.index(label)) for label in labels)

    def decode(self, text: str) -> str:
        """The labels of a prediction, joined; padding is left out wherever it stands."""
        return "".join(self.labels[ord(sign) - FIRST] for sign in text if sign != PAD)


def alphabet_of(country: str = "nepal") -> Alphabet:
    """The alphabet that networks are trained with, in the order of the country's file.

    A manifest carries the same labels, but its table of groups may come in another order: signs would change places.
    """
    return Alphabet(load_country(country).labels)
