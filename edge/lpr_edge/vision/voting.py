"""Many readings of one plate become one by a confidence-weighted vote for each character, under the grammar.

Readings are put together with those of the same shape (as many characters in each row), where the characters of one
place stand for each other; the shape that weighs most is the plate's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_edge.contract.rows import Character
from lpr_edge.text.decoding import TWIN_FIELD, PlateDecoder, with_twin
from lpr_edge.vision.plates import Reading

VALID_WEIGHT = 2.0
"""How much more a reading counts that the grammar allows."""

Shape = tuple[int, ...]


@dataclass
class ShapeVotes:
    """Votes of the readings with equally long rows; its size doesn't grow with their number."""

    weight: float
    best: Reading
    scores: Floats
    """(characters, labels) sums of the networks' scores, each by its weight."""
    peaks: Floats
    """(characters,) likewise."""
    weights: Floats
    """(characters,) sums of the weights."""

    def add(self, reading: Reading) -> None:
        """Add one reading."""
        scores, peaks, weights = _votes(reading)
        self.scores += scores
        self.peaks += peaks
        self.weights += weights
        self.weight += _weight(reading)
        if reading.confidence > self.best.confidence:
            self.best = reading

    def count(self, labels: Sequence[str]) -> list[Character]:
        """The winning characters in reading order, each with the mean scores of its voters."""
        scores, peaks = self.scores / self.weights[:, None], self.peaks / self.weights
        characters = [character for row in self.best.characters for character in row]
        return [
            replace(c, label=labels[int(s.argmax())], score=float(s.max()), peak=float(p), scores=s)
            for c, s, p in zip(characters, scores, peaks, strict=True)
        ]


@dataclass
class PlateVoter:
    """A confidence-weighted vote over all readings of one plate."""

    shapes: dict[Shape, ShapeVotes] = field(default_factory=dict)

    def add(self, reading: Reading) -> None:
        """Add a reading."""
        shape = tuple(len(row) for row in reading.characters)
        if shape in self.shapes:
            self.shapes[shape].add(reading)
        else:
            self.shapes[shape] = ShapeVotes(_weight(reading), reading, *_votes(reading))

    def result(self, decoder: PlateDecoder) -> Reading:
        """The winning reading; if the grammar doesn't allow it, the likeliest one that it allows."""
        winner = max(self.shapes.values(), key=lambda votes: votes.weight)
        rows, parsed = decoder.decode(winner.count(decoder.labels))
        twin = winner.best.parsed.fields.get(TWIN_FIELD, "")
        return replace(winner.best, characters=rows, parsed=with_twin(parsed, twin) if parsed.valid else parsed)


def _weight(reading: Reading) -> float:
    return reading.confidence * (VALID_WEIGHT if reading.parsed.valid else 1.0)


def _votes(reading: Reading) -> tuple[Floats, Floats, Floats]:
    """Each character's scores and peak multiplied by its weight, and the weights."""
    characters = [character for row in reading.characters for character in row]
    weights = np.array([max(1e-6, c.peak) for c in characters], np.float32)  # scores carry their own confidence
    scores = np.stack([c.scores for c in characters]) * weights[:, None]
    peaks = np.array([c.peak for c in characters], np.float32) * weights
    return scores.astype(np.float32), peaks, weights
