"""Confidence of a whole reading: a calibration curve, fitted on plates that no training used."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lpr_edge.contract.rows import Character

MIN_PROBABILITY = 1e-3
"""A raw confidence is clipped to at least this distance from 0 and 1: 8 bits can't resolve less."""
PREFIX = "confidence_"
"""Of the curve's names among a manifest's thresholds."""
VOTE_PREFIX = "vote_"
"""The same of the curve of votes: readings of one plate in several frames, fused."""
PHOTO_PREFIX = "photo_"
"""The same for the curve of readings that were compared with others of the same plate, as in photographs."""
REPORTED = "reported"
"""Name, after the prefix, of the confidence from which readings are reported by default."""
MIN_CONFIDENCE = 0.5
"""Confidence from which readings are reported by default, where the manifest has none: mostly right ones."""


@dataclass(frozen=True)
class ConfidenceCurve:
    """Log-odds of a right reading: `shift` + `slope` × log-odds of its raw confidence (Platt 1999)."""

    slope: float
    """0 or more, so that a higher raw confidence never becomes a lower one."""
    shift: float
    invalid: float
    """Added where no form of the country allows the reading."""
    agreement: float = 0.0
    """Added where all other readings of the plate agree, and that share of it where some do; 0 or more."""
    peak: float = 0.0
    """Of the log-odds of the reading's faintest character; 0 or more."""

    def likelihood(self, raw_confidence: float, valid: bool, agreement: float = 0.0, faintest: float = 0.5) -> float:
        """Probability, 0..1, that every character of a reading is right and none is missing.

        Args:
            raw_confidence: see `raw_confidence`.
            valid: whether a form of the country allows the reading.
            agreement: share of other readings of the plate, at slightly different corners, with the same text.
            faintest: lowest peak of its characters.
        """
        odds = self.shift + self.slope * log_odds(raw_confidence) + (0.0 if valid else self.invalid)
        odds += self.agreement * agreement + self.peak * log_odds(faintest)
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, odds))))

    def to_thresholds(self, prefix: str = PREFIX) -> dict[str, float]:
        """The curve as entries of a manifest's thresholds."""
        values = {"slope": self.slope, "shift": self.shift, "invalid": self.invalid}
        values |= {name: value for name, value in (("agreement", self.agreement), ("peak", self.peak)) if value}
        return {prefix + name: round(value, 4) for name, value in values.items()}


def curve_of(thresholds: Mapping[str, float], prefix: str = PREFIX) -> ConfidenceCurve | None:
    """Read the curve with a prefix from a manifest's thresholds; None if the model has none."""
    if prefix + "slope" not in thresholds:
        return None
    slope, shift, invalid = (thresholds[prefix + name] for name in ("slope", "shift", "invalid"))
    return ConfidenceCurve(
        slope, shift, invalid, thresholds.get(prefix + "agreement", 0.0), thresholds.get(prefix + "peak", 0.0)
    )


def default_min_confidence(thresholds: Mapping[str, float], is_photograph: bool) -> float:
    """Default of `--min-confidence` for a model: readings below it aren't reported.

    Args:
        thresholds: of the reader's manifest.
        is_photograph: whether pictures are photographs, whose readings are compared with others of the same plate.
    """
    return thresholds.get(PHOTO_PREFIX + REPORTED, MIN_CONFIDENCE) if is_photograph else MIN_CONFIDENCE


def raw_confidence(characters: Sequence[Character]) -> float:
    """Multiply the characters' scores, since all characters must be right; 0 without characters.

    On cross-validated readings it separates right from wrong ones better (area under the ROC curve) than the lowest
    score, and than products that take the peaks' heights in.
    """
    return math.prod(character.score for character in characters) if characters else 0.0


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)), with p kept `MIN_PROBABILITY` away from 0 and 1."""
    kept = min(1 - MIN_PROBABILITY, max(MIN_PROBABILITY, probability))
    return math.log(kept / (1 - kept))
