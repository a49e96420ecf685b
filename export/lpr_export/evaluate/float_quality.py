"""Minimum quality of the float network, which the gate, a comparison with float, doesn't cover.

Three checks of the float file's answers on held-out pictures: its main metric is above a minimum, it is close to the
value that the run recorded, and every label that is frequent in the pictures is predicted at least once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lpr_edge.contract.manifest import Manifest
from lpr_export.evaluate.gate import Row, Verdict
from lpr_export.evaluate.task_metrics import MetricValue, TaskMetrics


@dataclass(frozen=True)
class Floor:
    """Default minimum quality of a kind of network on held-out pictures."""

    metric: str
    points: float
    """Minimum of the metric in per cent."""
    shown: int
    """A label in at least this many pictures must be predicted once; 0 for no labels."""


FLOORS = {
    "classifier": Floor("accuracy", 50.0, 3),
    "reader": Floor("exact_match", 20.0, 10),
    "detector": Floor("recall", 20.0, 0),
}
"""Kind of network -> its floor. A reader has rare labels that are hard to read, so more pictures have to show one."""
MAX_POINTS_BELOW_RECORD = 15.0
"""Allowed difference from the run's recorded value, in percentage points."""
DEVIATIONS = 3.0
"""Standard deviations of the difference of two shares that chance explains."""
UNPREDICTED_P_VALUE = 1e-3
"""A label counts as never predicted if the probability of missing it every time by chance is below this."""
RECORDED_AS = {"exact": "exact_match"}
"""Names in a run's record that differ from the metric's name here."""


def find_weaknesses(verdict: Verdict, run_card: Manifest, metrics: TaskMetrics, min_points: float | None) -> list[str]:
    """Weaknesses of the float network on one held-out set, one line each.

    Args:
        verdict: of the held-out set; its first row is the float network's.
        run_card: the run's card with its recorded metrics.
        metrics: those of the network's kind.
        min_points: minimum of the main metric in per cent; None for the kind's default.
    """
    floor = FLOORS[run_card.kind]
    least = floor.points if min_points is None else min_points
    row = verdict.rows[0]
    return [
        *_below_floor(row, floor, least, verdict),
        *_below_record(row, run_card, verdict),
        *_unpredicted_labels(row, run_card, floor, metrics, verdict),
    ]


def _below_floor(row: Row, floor: Floor, least: float, verdict: Verdict) -> Iterator[str]:
    found = next(one for one in row.measures if one.metric == floor.metric)
    if 100 * found.value < least:
        yield (
            f"the float network has {_describe(found)} on {_set(verdict)}, and {least:g} % is the least "
            "(--min-accuracy). Train it further, or look at its labels and pictures"
        )


def _below_record(row: Row, run_card: Manifest, verdict: Verdict) -> Iterator[str]:
    for record in run_card.metrics:
        found = _measured_alike(record, row, verdict)
        if found and _is_far_below(found, float(record["value"]), int(record["count"])):
            yield (
                f"the float network has {_describe(found)} on {_set(verdict)}, and its run recorded "
                f"{100 * float(record['value']):.2f} % of {record['count']} on {record['data']} ({record['split']}). "
                "These aren't the weights that were measured, or not with these labels: train the run again"
            )


def _measured_alike(record: Mapping[str, Any], row: Row, verdict: Verdict) -> MetricValue | None:
    """The measured value of the same metric on pictures of the same kind as a run's record; None if there is none."""
    if not {"data", "split", "metric", "value", "count"} <= record.keys():
        return None
    held_out = verdict.held_out
    data = held_out.data.partition(",")[0]  # a run's pictures are called as in `plates, held out`
    if record["data"] != data or (record["split"] != held_out.split and not held_out.is_own):
        return None
    name = RECORDED_AS.get(record["metric"], record["metric"])
    return next((one for one in row.measures if one.metric == name and not one.lower_is_better), None)


def _is_far_below(metric: MetricValue, recorded: float, count: int) -> bool:
    """Whether a share is far below a recorded one, and by more than chance explains (two-proportion z-test)."""
    lost = recorded - metric.value
    if count == 0 or metric.count == 0:
        return 100 * lost > MAX_POINTS_BELOW_RECORD
    pooled = (recorded * count + metric.value * metric.count) / (count + metric.count)
    spread = (pooled * (1 - pooled) * (1 / count + 1 / metric.count)) ** 0.5
    return 100 * lost > MAX_POINTS_BELOW_RECORD and lost > DEVIATIONS * spread


def _unpredicted_labels(
    row: Row, run_card: Manifest, floor: Floor, metrics: TaskMetrics, verdict: Verdict
) -> Iterator[str]:
    if not floor.shown:
        return
    truths = [metrics.labels_in(case.truth) for case in verdict.held_out.cases]
    shown = Counter(label for labels in truths for label in labels if label in run_card.labels)
    answered = {label for answer in row.subject.answers for label in metrics.labels_in(answer)}
    missed = _share_missed(row)
    silent = [
        label
        for label, count in sorted(shown.items(), key=lambda item: (-item[1], item[0]))
        if label not in answered and count >= floor.shown and missed**count < UNPREDICTED_P_VALUE
    ]
    if silent:
        yield (
            f"the float network never answers {', '.join(silent[:4])}; {silent[0]} stands {shown[silent[0]]} times in "
            f"{_set(verdict)}. Look at its labels and training pictures"
        )


def _share_missed(row: Row) -> float:
    """Share of labels that are missed: CER, or 1 - accuracy."""
    by_metric = {one.metric: one.value for one in row.measures}
    return min(1.0, by_metric["cer"] if "cer" in by_metric else 1 - by_metric["accuracy"])


def _describe(metric: MetricValue) -> str:
    return f"{100 * metric.value:.2f} % {metric.metric.replace('_', ' ')} of {metric.count}"


def _set(verdict: Verdict) -> str:
    held_out = verdict.held_out
    return f"{len(held_out.cases)} pictures ({held_out.data}, {held_out.split})"
