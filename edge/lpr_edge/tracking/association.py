"""Which plate of a frame belongs to which track: by where each is expected, then by its text.

Detections of high score are given first; those of low score only continue tracks that then lack one (ByteTrack, Zhang
et al. 2022).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from math import log

import numpy as np

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.metrics import edit_distance
from lpr_edge.contract.rows import labels_of
from lpr_edge.tracking.track import Track
from lpr_edge.vision.plates import PlateReading, Reading, longer_side

NEAR = 0.6
"""A plate that was seen twice or more is expected within this share of its longer side."""
NEAR_AT_FIRST = 1.1
"""The same of one whose speed isn't known yet."""
WIDENING = 0.5
"""By how much of its longer side that distance grows with each second out of sight."""
MAX_GROWTH = 0.7
"""Most that the size may differ, as a natural logarithm."""
SAME_TEXT = 0.5
"""What the same text is worth, in longer sides of distance; quite another one costs as much."""
MAX_DIFFERENT_SHARE = 0.5
"""Two valid readings that differ in more than this share of their characters are of two vehicles."""

Cost = Callable[[Track, PlateReading], float]


def associate(
    tracks: Sequence[Track], plates: Sequence[PlateReading], time: datetime, threshold: float
) -> dict[int, Track]:
    """Give each plate of a frame to its track.

    Args:
        tracks: the vehicles that are there.
        plates: of the frame.
        time: of the frame.
        threshold: detection scores below it are low ones.

    Returns:
        Place in `plates` -> track; without those of new vehicles, and without those of low score that continue none.
    """
    high = [place for place, plate in enumerate(plates) if plate.found.score >= threshold]
    low = [place for place, plate in enumerate(plates) if plate.found.score < threshold]
    given: dict[int, Track] = {}

    def by_place(track: Track, plate: PlateReading) -> float:
        return _distance(track, plate, time)

    for places, cost in ((high, by_place), (high, _by_text), (low, by_place)):
        _give(given, tracks, plates, places, cost)
    return given


def _give(
    given: dict[int, Track],
    tracks: Sequence[Track],
    plates: Sequence[PlateReading],
    places: Sequence[int],
    cost: Cost,
) -> None:
    """Assign the remaining plates to tracks without one, the cheapest pair first."""
    lacking = [track for track in tracks if all(track is not other for other in given.values())]
    pairs = [(cost(t, plates[p]), t.number, p, t) for t in lacking for p in places if p not in given]
    for value, _, place, track in sorted(pairs, key=lambda pair: pair[:3]):
        if np.isfinite(value) and place not in given and all(track is not other for other in given.values()):
            given[place] = track


def _distance(track: Track, plate: PlateReading, time: datetime) -> float:
    """Distance from the predicted place in longer sides, reduced for the same text; infinite if out of reach."""
    seconds = max(0.0, (time - track.motion.time).total_seconds())
    reach = (NEAR_AT_FIRST if track.motion.velocity_xy is None else NEAR) + WIDENING * seconds
    apart = distance(track.motion.predict(time), plate.found.quad_xy)
    if apart > reach:
        return float("inf")
    return apart + SAME_TEXT * (
        are_two(track.current_reading, plate.reading) - _are_same(track.current_reading, plate.reading)
    )


def distance(expected_xy: Quad, quad_xy: Quad) -> float:
    """Distance of the centres of two plates in longer sides; infinite if their sizes differ too much."""
    sizes = longer_side(expected_xy), longer_side(quad_xy)
    if min(sizes) <= 0 or abs(log(sizes[0] / sizes[1])) > MAX_GROWTH:
        return float("inf")
    return float(np.linalg.norm(expected_xy.mean(axis=0) - quad_xy.mean(axis=0))) / max(sizes)


def _by_text(track: Track, plate: PlateReading) -> float:
    """Cost by text alone, for gaps and for plates that move further than their own size."""
    return 0.0 if _are_same(track.current_reading, plate.reading) else float("inf")


def _are_same(a: Reading | None, b: Reading) -> bool:
    return a is not None and bool(b.text) and a.text == b.text


def are_two(a: Reading | None, b: Reading) -> bool:
    """Whether two valid readings differ so much that they belong to different plates."""
    if a is None or not (a.parsed.valid and b.parsed.valid):
        return False
    longer = max(len(a.char_confidences), len(b.char_confidences))
    return edit_distance(labels_of(a.characters), labels_of(b.characters)) > MAX_DIFFERENT_SHARE * longer
