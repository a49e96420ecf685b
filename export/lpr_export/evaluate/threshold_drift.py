"""Threshold drift: do as many scores pass the decoding threshold in int8 as in float?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lpr_edge.contract.base.arrays import Floats
from lpr_edge.contract.manifest import Manifest
from lpr_edge.contract.outputs import decode_characters, decode_plates
from lpr_edge.contract.run.model_types import MODEL_TYPES

FLOOR = 0.05
"""Minimum score of a peak; lower ones are noise."""
MAX_DRIFT = 0.05
"""Largest allowed drift of a threshold, in score: several times the step of 8 bits."""
MIN_CHANGED_PEAKS = 3
"""Largest change of the number of peaks that is ignored; see `MIN_CHANGED_SHARE`."""
MIN_CHANGED_SHARE = 0.01
"""Largest change of the number of peaks that is ignored, relative to their number in float."""


@dataclass(frozen=True)
class ThresholdLevel:
    """A threshold and the scores that pass it."""

    name: str
    value: float
    count: int
    """Number of peaks, or of a classifier's pictures, at or above the threshold."""
    scores: tuple[float, ...] = field(repr=False)
    """All scores down to `FLOOR`, in descending order."""


@dataclass(frozen=True)
class ThresholdDrift:
    """A threshold in float and in another file."""

    name: str
    value: float
    before: int
    """Number of scores that pass in float."""
    now: int
    moved: float
    """The threshold at which as many would pass as in float, minus the actual one."""

    @property
    def is_fault(self) -> bool:
        """Whether the drift is larger than rounding explains."""
        return abs(self.moved) > MAX_DRIFT and abs(self.now - self.before) > max(
            MIN_CHANGED_PEAKS, MIN_CHANGED_SHARE * self.before
        )


def threshold_level(card: Manifest, outputs: Sequence[Mapping[str, Floats]]) -> ThresholdLevel | None:
    """Scores that pass a network's threshold, from its outputs (role -> array); None without threshold."""
    name = MODEL_TYPES[card.kind].threshold
    if name not in card.thresholds:
        return None
    found = [score for heads in outputs for score in _scores(card, heads, card.thresholds | {name: FLOOR})]
    value = card.thresholds[name]
    return ThresholdLevel(name, value, sum(score >= value for score in found), tuple(sorted(found, reverse=True)))


def _scores(card: Manifest, heads: Mapping[str, Floats], thresholds: Mapping[str, float]) -> list[float]:
    model_type = MODEL_TYPES[card.kind]
    if model_type.finds_plates:
        return [box.score for box in decode_plates(heads, card.input.size_hw, thresholds)]
    if model_type.sees_plates:
        return [character.peak for character in decode_characters(heads, card.labels, thresholds)]
    return [float(heads[model_type.score_role].max())]


def threshold_drift(before: int, now: ThresholdLevel) -> ThresholdDrift:
    """The drift at which as many scores would pass as before."""
    highest = (float("inf"), *now.scores, FLOOR)
    lower, upper = highest[min(before + 1, len(highest) - 1)], highest[min(before, len(highest) - 1)]
    moved = min(0.0, upper - now.value) if upper < now.value else max(0.0, lower - now.value)
    return ThresholdDrift(now.name, now.value, before, now.count, moved)
