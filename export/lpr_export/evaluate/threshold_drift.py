"""Are decoding thresholds still where they were? int8 may find as much as float, yet at other scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lpr_edge.contract.arrays import Floats
from lpr_edge.contract.manifest import Manifest
from lpr_edge.contract.outputs import decode_characters, decode_plates

FLOOR = 0.05
"""Peaks below this aren't looked at: noise."""
MAX_DRIFT = 0.05
"""How far, in score, a threshold may have moved. Rounding to 8 bits moves one by 0.004; the shipped networks' by up to
0.01."""
MIN_CHANGED_PEAKS = 3
"""A change in so few peaks, or in less than 1 %, is none."""
NAMES = {"detector": "score", "reader": "peak", "classifier": "reject"}
"""Kind of network -> its threshold on scores."""


@dataclass(frozen=True)
class ThresholdLevel:
    """What a threshold lets through."""

    name: str
    value: float
    count: int
    """Peaks, or a classifier's pictures, that are at least the threshold."""
    scores: tuple[float, ...] = field(repr=False)
    """All of them, the highest first, down to `FLOOR`."""


@dataclass(frozen=True)
class ThresholdDrift:
    """A threshold before and now."""

    name: str
    value: float
    before: int
    """How many passed in float."""
    now: int
    moved: float
    """Where as many would pass now, less where the threshold is; 0 where as many do."""

    @property
    def is_fault(self) -> bool:
        """Whether it moved further than rounding explains."""
        return abs(self.moved) > MAX_DRIFT and abs(self.now - self.before) > max(MIN_CHANGED_PEAKS, 0.01 * self.before)


def threshold_level(card: Manifest, outputs: Sequence[Mapping[str, Floats]]) -> ThresholdLevel | None:
    """What a network's threshold lets through of some pictures' outputs (role -> array); None where it has none."""
    name = NAMES[card.kind]
    if name not in card.thresholds:
        return None
    found = [score for heads in outputs for score in _scores(card, heads, card.thresholds | {name: FLOOR})]
    value = card.thresholds[name]
    return ThresholdLevel(name, value, sum(score >= value for score in found), tuple(sorted(found, reverse=True)))


def _scores(card: Manifest, heads: Mapping[str, Floats], thresholds: Mapping[str, float]) -> list[float]:
    if card.kind == "detector":
        return [box.score for box in decode_plates(heads, card.input.size_hw, thresholds)]
    if card.kind == "reader":
        return [character.peak for character in decode_characters(heads, card.labels, thresholds)]
    return [float(heads["scores"].max())]


def threshold_drift(before: int, now: ThresholdLevel) -> ThresholdDrift:
    """How far a threshold would have to move for as many to pass as did before."""
    highest = (float("inf"), *now.scores, FLOOR)
    lower, upper = highest[min(before + 1, len(highest) - 1)], highest[min(before, len(highest) - 1)]
    moved = min(0.0, upper - now.value) if upper < now.value else max(0.0, lower - now.value)
    return ThresholdDrift(now.name, now.value, before, now.count, moved)
