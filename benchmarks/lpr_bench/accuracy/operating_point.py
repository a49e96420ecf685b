"""What a device reports by default: the threshold on confidence, how often that is right, and what it leaves out."""

from collections.abc import Sequence
from typing import Any

from lpr_bench.accuracy.plates import PlateOutcome
from lpr_bench.accuracy.reliability import Pair
from lpr_bench.base.tables import format_share, format_table
from lpr_edge.base.config import Config
from lpr_edge.contract.metrics import share

DEFAULT = Config().min_confidence
"""`--min-confidence` where nobody gives one."""
WANTED_PRECISION = 0.97
"""Share of right readings among the reported ones at the default `--min-confidence`."""
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


def format_operating_point(pairs: Sequence[Pair], precision: float = WANTED_PRECISION) -> str:
    """The operating point as a line of text: threshold, precision, and the share of right readings that it reports."""
    threshold = operating_point(pairs, precision)
    if threshold is None:
        return f"no --min-confidence gives {precision:.0%} right among the reported readings"
    reported = [right for confidence, right in pairs if confidence >= threshold]
    kept, all_right = sum(reported), sum(right for _, right in pairs)
    return (
        f"--min-confidence {threshold:g}: {format_share(kept, len(reported))} of the reported readings are right, "
        f"{format_share(kept, all_right)} of the right ones are reported"
    )


def summarize_reported(scored: Sequence[PlateOutcome], pairs: Sequence[Pair], limit: float = DEFAULT) -> dict[str, Any]:
    """What is reported at a threshold, as plain values.

    Args:
        scored: fully legible plates whose texts count, found or not.
        pairs: confidence, and whether the reading is right, of every reading that can be judged.
        limit: the threshold.
    """
    reported = [right for confidence, right in pairs if confidence >= limit]
    return {
        "min_confidence": limit,
        "right_of_legible": share(_reported_right(scored, limit), len(scored)),
        "right_of_reported": share(sum(reported), len(reported)),
        "by_source": {name: share(_reported_right(own, limit), len(own)) for name, own in _by_source(scored).items()},
    }


def format_reported(scored: Sequence[PlateOutcome], pairs: Sequence[Pair], limit: float = DEFAULT) -> str:
    """The same as a table."""
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
