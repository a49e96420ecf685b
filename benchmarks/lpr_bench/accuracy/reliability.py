"""Calibration of confidence: readings that are known to be right or wrong, reliability bins, calibration error."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lpr_bench.accuracy.plates import PlateOutcome, ReadPlate
from lpr_bench.base.tables import format_share
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.country import UNREADABLE
from lpr_edge.contract.data.label_file import FOREIGN
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto
from lpr_edge.contract.metrics import Matches, share
from lpr_edge.vision.plates import Reading
from lpr_export.report.text_table import format_table

LONGEST_SIGN = 8
"""Maximum number of code points of a label: प्रदेश has six."""


@dataclass(frozen=True)
class ScoredReading:
    """A reading that is known to be right or wrong."""

    image: str
    """The photograph's file name."""
    reading: Reading
    right: bool
    label: PlateLabel | None
    """The labelled plate; None for a false positive, and of votes."""
    weight: float = 1.0
    """In a fit."""


class ScoredReadings:
    """Collects the readings of scored photographs."""

    def __init__(self) -> None:
        self.readings: list[ScoredReading] = []

    def observe(self, photo: PlatePhoto, _: Image, readings: Sequence[ReadPlate], matches: Matches) -> None:
        """Add a photograph's readings, except those that can be neither confirmed nor refuted."""
        labels = {index: photo.plates[true] for index, true in matches.pairs}
        for index, plate in enumerate(readings):
            right = is_correct(plate.text, labels.get(index))
            if plate.reading and plate.text and right is not None:
                self.readings.append(ScoredReading(photo.path.name, plate.reading, right, labels.get(index)))


def is_correct(text: str, label: PlateLabel | None) -> bool | None:
    """Whether a text is a plate's registration; None if that is unknown.

    A reading of a false positive is wrong, and so is one that contradicts the legible part of a plate. Nothing is known
    of a reading that agrees with it.
    """
    if label is None:
        return False
    if label.kind == FOREIGN:
        return None
    if label.legible == "full":
        return text == "".join(label.text_rows)
    return None if re.fullmatch(_pattern(label.text_rows), text) else False


def _pattern(rows: Sequence[str]) -> str:
    """Regular expression of texts that agree with partly legible rows: `?` is one label, or a whole row if alone."""
    sign = f".{{1,{LONGEST_SIGN}}}"
    return "".join(".*" if set(row) == {UNREADABLE} else re.escape(row).replace(r"\?", sign) for row in rows)


LIMITS = (0.0, 0.2, 0.5, 0.8, 0.9, 0.95, 1.0)
"""Limits of the bins, denser at usual thresholds."""
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Values of `--min-confidence` in tables."""


@dataclass(frozen=True)
class Bin:
    """Readings with similar confidence."""

    low: float
    high: float
    confidences: tuple[float, ...]
    right: int

    @property
    def mean(self) -> float:
        """Mean confidence; the bin's centre if it is empty."""
        return sum(self.confidences) / len(self.confidences) if self.confidences else (self.low + self.high) / 2


Pair = tuple[float, bool]
"""A confidence, and whether the reading is right."""


def bins(pairs: Sequence[Pair]) -> list[Bin]:
    """Put readings into bins by confidence; a limit belongs to the bin above it."""
    found = []
    for low, high in pairwise(LIMITS):
        inside = [(c, right) for c, right in pairs if low <= c < high or c == high == LIMITS[-1]]
        found.append(Bin(low, high, tuple(c for c, _ in inside), sum(right for _, right in inside)))
    return found


def summarize_reliability(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Bins, shares at each threshold, and the expected calibration error, as plain values."""
    return {
        "readings": len(pairs),
        "bins": [
            {"low": b.low, "high": b.high, "mean_confidence": b.mean, "right": share(b.right, len(b.confidences))}
            for b in bins(pairs)
        ],
        "at_min_confidence": {str(limit): _at(pairs, limit) for limit in THRESHOLDS},
        "expected_calibration_error": calibration_error(pairs),
    }


def _at(pairs: Sequence[Pair], limit: float) -> dict[str, Any]:
    kept = [right for confidence, right in pairs if confidence >= limit]
    return {"right_of_kept": share(sum(kept), len(kept)), "kept_of_right": share(sum(kept), _right(pairs))}


def _right(pairs: Sequence[Pair]) -> int:
    return sum(right for _, right in pairs)


def calibration_error(pairs: Sequence[Pair]) -> float | None:
    """Expected calibration error: mean distance of confidence and accuracy over the bins; None without readings."""
    if not pairs:
        return None
    return sum(abs(sum(b.confidences) - b.right) for b in bins(pairs)) / len(pairs)


def format_reliability(pairs: Sequence[Pair]) -> str:
    """Reliability as text tables."""
    by_bin = [
        [
            f"{b.low:.2f}–{b.high:.2f}",
            f"{b.mean:.2f}" if b.confidences else "–",
            format_share(b.right, len(b.confidences)),
        ]
        for b in bins(pairs)
    ]
    by_limit = []
    for limit in THRESHOLDS:
        kept = [right for confidence, right in pairs if confidence >= limit]
        by_limit.append([f"{limit:.2f}", format_share(sum(kept), len(kept)), format_share(sum(kept), _right(pairs))])
    return "\n\n".join(
        [
            format_table([f"confidence, {len(pairs)} readings", "mean", "right"], by_bin),
            format_table(["--min-confidence", "right of those kept", "kept of those right"], by_limit),
        ]
    )


WANTED_PRECISION = 0.965
"""Fraction of right readings among the reported ones at the default `--min-confidence`: 97 in whole percent."""
STEPS = tuple(round(0.01 * step, 2) for step in range(1, 100))
"""Values of `--min-confidence` that are tried for it."""


def operating_point(pairs: Sequence[Pair], precision: float = WANTED_PRECISION) -> float | None:
    """The lowest `--min-confidence` from which on the reported readings are right often enough.

    Args:
        pairs: confidence, and whether the reading is right, of readings that no fit has seen.
        precision: share of right ones among those reported.

    Returns:
        The confidence; None where no threshold gives as much.
    """
    for threshold in STEPS:
        reported = [right for confidence, right in pairs if confidence >= threshold]
        if reported and sum(reported) >= precision * len(reported):
            return threshold
    return None


def format_operating_point(pairs: Sequence[Pair], threshold: float | None) -> str:
    """A threshold as a line of text: with the precision, and the fraction of right readings that it reports."""
    if threshold is None:
        return f"no --min-confidence gives {WANTED_PRECISION:.1%} right among the reported readings"
    reported = [right for confidence, right in pairs if confidence >= threshold]
    kept, all_right = sum(reported), sum(right for _, right in pairs)
    return (
        f"--min-confidence {threshold:g}: {format_share(kept, len(reported))} of the reported readings are right, "
        f"{format_share(kept, all_right)} of the right ones are reported"
    )


def summarize_reported(scored: Sequence[PlateOutcome], pairs: Sequence[Pair], limit: float) -> dict[str, Any]:
    """What is reported at a threshold, as plain values.

    Args:
        scored: fully legible plates whose texts count, found or not.
        pairs: confidence, and whether the reading is right, of every reading that is known to be right or wrong.
        limit: the threshold, the device's default.
    """
    reported = [right for confidence, right in pairs if confidence >= limit]
    return {
        "min_confidence": limit,
        "right_of_legible": share(_reported_right(scored, limit), len(scored)),
        "right_of_reported": share(sum(reported), len(reported)),
        "by_source": {name: share(_reported_right(own, limit), len(own)) for name, own in _by_source(scored).items()},
    }


def format_reported(scored: Sequence[PlateOutcome], pairs: Sequence[Pair], limit: float) -> str:
    """Format what `--min-confidence` reports as a table: right readings, of all legible plates and of those reported.

    Args:
        scored: outcomes of the legible plates.
        pairs: confidence of each reading, and whether it is right.
        limit: confidence above which a reading is reported.
    """
    reported = [right for confidence, right in pairs if confidence >= limit]
    rows = [
        ["all", format_share(_reported_right(scored, limit), len(scored)), format_share(sum(reported), len(reported))]
    ]
    rows += [
        [name, format_share(_reported_right(own, limit), len(own)), ""] for name, own in _by_source(scored).items()
    ]
    return format_table([f"reported at --min-confidence {limit:g}", "right, of legible", "right, of reported"], rows)


def _reported_right(plates: Sequence[PlateOutcome], limit: float) -> int:
    return sum(plate.exact and (plate.confidence or 0.0) >= limit for plate in plates)


def _by_source(plates: Sequence[PlateOutcome]) -> dict[str, list[PlateOutcome]]:
    found: dict[str, list[PlateOutcome]] = {}
    for plate in plates:
        found.setdefault(plate.place.source or "unknown", []).append(plate)
    return dict(sorted(found.items()))
