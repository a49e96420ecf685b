"""How likely a whole reading is right: a curve that was fitted on plates which no training had seen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lpr_edge.contract.outputs import Character

LEAST = 1e-3
"""A raw confidence is clipped to at least this distance from 0 and 1: 8 bits can't resolve less."""
PREFIX = "confidence_"
"""Of the curve's names among a manifest's thresholds."""
VOTE_PREFIX = "vote_"
"""The same of the curve of votes: readings of one plate in several frames, fused."""


@dataclass(frozen=True)
class ConfidenceCurve:
    """Log-odds of a right reading: `shift` + `slope` × log-odds of its raw confidence (Platt 1999)."""

    slope: float
    """0 or more, so that a higher raw confidence never becomes a lower one."""
    shift: float
    invalid: float
    """Added where no form of the country allows the reading."""

    def likelihood(self, raw_confidence: float, valid: bool) -> float:
        """Probability, 0..1, that every character of a reading is right and none is missing."""
        odds = self.shift + self.slope * log_odds(raw_confidence) + (0.0 if valid else self.invalid)
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, odds))))

    def to_thresholds(self, prefix: str = PREFIX) -> dict[str, float]:
        """The curve as a manifest keeps it."""
        values = {"slope": self.slope, "shift": self.shift, "invalid": self.invalid}
        return {prefix + name: round(value, 4) for name, value in values.items()}


def curve_of(thresholds: Mapping[str, float], prefix: str = PREFIX) -> ConfidenceCurve | None:
    """The curve among a manifest's thresholds; None where none was fitted."""
    if prefix + "slope" not in thresholds:
        return None
    return ConfidenceCurve(*(thresholds[prefix + name] for name in ("slope", "shift", "invalid")))


def raw_confidence(characters: Sequence[Character]) -> float:
    """The product of the characters' scores, 0 of no character: all of them must be right.

    On cross-validated readings it separates right from wrong ones better (area under the ROC curve) than the lowest
    score, and than products that take the peaks' heights in.
    """
    return math.prod(character.score for character in characters) if characters else 0.0


def log_odds(share: float) -> float:
    """ln(p / (1 - p)), with p kept `LEAST` away from 0 and 1."""
    kept = min(1 - LEAST, max(LEAST, share))
    return math.log(kept / (1 - kept))
