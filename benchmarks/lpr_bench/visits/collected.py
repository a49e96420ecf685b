"""Which examples `lpr-edge --collect` would store from a clip, and how many of their labels are right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from lpr_bench.base.tables import format_share
from lpr_bench.visits.clips import START, Mark, Visit
from lpr_bench.visits.outcomes import SLACK_S
from lpr_edge.collect.collect_folder import CollectFolder
from lpr_edge.collect.collector import CollectRules
from lpr_edge.collect.example import Example, LabelledPlate
from lpr_edge.config.output_groups import CollectConfig
from lpr_edge.contract.data.label_file import READING, VOTE
from lpr_edge.contract.geometry import quad_iou
from lpr_edge.contract.metrics import edit_distance
from lpr_export.report.text_table import format_table

RULES = CollectRules(CollectConfig.collect_below, CollectConfig.collect_votes)
"""The device's defaults."""
SAME_PLACE = 0.3
"""IoU from which a plate is the one that stands there."""
GOOD_CORNERS = 0.7
"""IoU from which corners are good enough to cut out characters by."""


@dataclass
class Collected:
    """Receives the examples of one clip, and writes them if there is a folder."""

    folder: CollectFolder | None = None
    examples: list[Example] = field(default_factory=list)

    def take(self, example: Example) -> None:
        """Count an example; its frame is released."""
        if self.folder is not None:
            self.folder.add(example, example.time)
        self.examples.append(Example(example.frame_bgr[:0], example.camera, example.time, example.plates))

    def close(self) -> None:
        """Do nothing: no example is pending."""


@dataclass(frozen=True)
class ScoredLabel:
    """A collected label compared with ground truth."""

    plate: LabelledPlate
    truth: str | None
    """Text of the plate that stands there; None where none does, or its text isn't known."""
    has_good_corners: bool
    is_legible: bool

    @property
    def is_right(self) -> bool:
        """Whether its text equals the plate's."""
        return "".join(self.plate.rows) == self.truth


def score_labels(
    examples: Sequence[Example], visits: Sequence[Visit], marks: Mapping[datetime, tuple[Mark, ...] | None]
) -> list[ScoredLabel]:
    """Compare each collected label with the ground truth at its place.

    Args:
        examples: of one clip.
        visits: of the clip.
        marks: time of a frame -> the plates in it; where they aren't known, the visit of that time counts.
    """
    return [
        _scored(plate, known, visits) if known is not None else _scored_by_time(plate, example.time, visits)
        for example in examples
        for known in [marks[example.time]]
        for plate in example.plates
    ]


def _scored_by_time(plate: LabelledPlate, time: datetime, visits: Sequence[Visit]) -> ScoredLabel:
    """Compare a label with the visit of that time that has the most similar text; its corners are unknown."""
    time_s, text = (time - START).total_seconds(), "".join(plate.rows)
    there = [visit.text for visit in visits if visit.first_s - SLACK_S <= time_s <= visit.last_s + SLACK_S]
    truth = min(there, key=lambda own: edit_distance(list(text), list(own)), default=None)
    return ScoredLabel(plate, truth, False, truth is not None)


def _scored(plate: LabelledPlate, marks: Sequence[Mark], visits: Sequence[Visit]) -> ScoredLabel:
    overlaps = [quad_iou(plate.quad_xy, mark.quad_xy) for mark in marks]
    best = int(np.argmax(overlaps)) if overlaps else -1
    if best < 0 or overlaps[best] < SAME_PLACE:
        return ScoredLabel(plate, None, False, False)
    mark = marks[best]
    truth = None if mark.visit is None else visits[mark.visit].text
    return ScoredLabel(plate, truth, overlaps[best] >= GOOD_CORNERS, mark.is_legible)


def summarize_labels(scored: Sequence[ScoredLabel]) -> dict[str, Any]:
    """Counts of a clip's collected labels, and those that are wrong."""
    votes = [one for one in scored if one.plate.label == VOTE]
    readings = [one for one in scored if one.plate.label == READING]
    wrong = [one for one in votes if not one.is_right]
    return {
        "votes": len(votes),
        "votes_right": len(votes) - len(wrong),
        "votes_right_and_legible": sum(one.is_right and one.is_legible for one in votes),
        "votes_with_good_corners": sum(one.has_good_corners for one in votes),
        "frame_was_right": sum(one.plate.read == one.truth for one in votes),
        "readings": len(readings),
        "readings_right": sum(one.is_right for one in readings),
        "readings_of_no_plate": sum(one.truth is None for one in readings),
        "wrong_votes": [
            {"label": "".join(one.plate.rows), "read": one.plate.read, "truth": one.truth} for one in wrong
        ],
    }


def _record(one: ScoredLabel) -> dict[str, Any]:
    return {"label": "".join(one.plate.rows), "read": one.plate.read, "truth": one.truth}


HEADER = ("collected", "votes", "right", "right, legible", "good corners", "frame was right", "to label", "no plate")


def format_collected(clips: Mapping[str, Mapping[str, Any]]) -> str:
    """Table of all clips with their total."""
    keys = [key for key in summarize_labels(()) if key != "wrong_votes"]
    total = {key: sum(clip[key] for clip in clips.values()) for key in keys}
    return format_table(HEADER, [_row(name, figures) for name, figures in (*clips.items(), ("all", total))])


def _row(name: str, figures: Mapping[str, Any]) -> list[str]:
    votes = figures["votes"]
    shares = ("votes_right", "votes_right_and_legible", "votes_with_good_corners", "frame_was_right")
    others = (figures["readings"], figures["readings_of_no_plate"])
    return [name, str(votes), *(format_share(figures[key], votes) for key in shares), *map(str, others)]
