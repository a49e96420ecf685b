"""Results of visits: as JSON, and as the command's table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lpr_bench.base.tables import format_share
from lpr_bench.visits.outcomes import ClipOutcome, VisitOutcome
from lpr_bench.visits.play import ObservedEvent
from lpr_export.report.text_table import format_table


def summarize_clip(outcome: ClipOutcome) -> dict[str, Any]:
    """Results of a clip, and of each visit."""
    sources = sorted({visit.visit.source for visit in outcome.visits})
    cpu_ms = 1000 * outcome.cpu_s
    return {
        "clip": outcome.name,
        **summarize_visits(outcome.visits),
        "by_source": {
            source: summarize_visits([v for v in outcome.visits if v.visit.source == source]) for source in sources
        },
        "false_events": len(outcome.false_events),
        "seconds": round(outcome.seconds, 2),
        "false_events_an_hour": round(3600 * len(outcome.false_events) / max(outcome.seconds, 1e-9), 2),
        "frames": outcome.frames,
        "skipped": round(outcome.skipped / max(1, outcome.frames), 3),
        "cpu_ms_a_visit": round(cpu_ms / len(outcome.visits), 1) if outcome.visits else None,
        "cpu_ms_a_frame": round(cpu_ms / max(1, outcome.frames), 2),
        "outcomes": [_visit_record(visit) for visit in outcome.visits],
        "false": [_event_record(event) for event in outcome.false_events],
    }


def summarize_visits(visits: Sequence[VisitOutcome]) -> dict[str, Any]:
    """Counts of the visits whose plate was legible in some frame, and the delay."""
    visits = [visit for visit in visits if visit.legible_s is not None]
    delays = [visit.delay_s for visit in visits if visit.delay_s is not None]
    return {
        "visits": len(visits),
        "once_and_right": sum(visit.is_once_and_right for visit in visits),
        "right_at_all": sum(visit.has_right for visit in visits),
        "more_than_once": sum(len(visit.events) > 1 for visit in visits),
        "never": sum(not visit.events for visit in visits),
        "delay_s": {f"p{share}": round(float(np.percentile(delays, share)), 3) for share in (50, 95)}
        if delays
        else None,
    }


def _visit_record(outcome: VisitOutcome) -> dict[str, Any]:
    visit = outcome.visit
    return {
        "name": visit.name,
        "source": visit.source,
        "text": visit.text,
        "first_s": round(visit.first_s, 3),
        "legible_s": outcome.legible_s and round(outcome.legible_s, 3),
        "events": [_event_record(event) for event in outcome.events],
    }


def _event_record(event: ObservedEvent) -> dict[str, Any]:
    times = {"time_s": event.time_s, "first_s": event.first_s, "last_s": event.last_s, "confidence": event.confidence}
    return {"text": event.text, **{name: round(value, 3) for name, value in times.items()}}


def without_texts(clip: Mapping[str, Any]) -> dict[str, Any]:
    """Results of a clip without its visits and events, which contain image names and registrations."""
    texts = ("outcomes", "false", "wrong_votes")
    kept = {name: value for name, value in clip.items() if name not in texts}
    collected = {name: value for name, value in clip.get("collected", {}).items() if name not in texts}
    return kept | ({"collected": collected} if collected else {})


HEADER = (
    "",
    "once and right",
    "right at all",
    "twice or more",
    "never",
    "false/h",
    "delay p50 / p95 s",
    "skipped",
    "CPU ms/visit",
)


def format_clips(clips: Sequence[Mapping[str, Any]]) -> str:
    """The table: a line per clip, and a line per source of its visits."""
    rows = []
    for clip in clips:
        cpu = clip["cpu_ms_a_visit"]
        rows.append(
            [
                *_cells(clip["clip"], clip),
                f"{clip['false_events_an_hour']:.1f}",
                _delay(clip),
                f"{clip['skipped']:.0%}",
                f"{cpu or 0:.0f}",
            ]
        )
        if len(clip["by_source"]) > 1:
            rows += [
                [*_cells(f"  {source}", part), "", _delay(part), "", ""] for source, part in clip["by_source"].items()
            ]
    return format_table(HEADER, rows)


def _cells(name: str, figures: Mapping[str, Any]) -> list[str]:
    count = figures["visits"]
    once = format_share(figures["once_and_right"], count)
    others = (figures[key] for key in ("right_at_all", "more_than_once", "never"))
    return [name, once, *(f"{value / count:.1%}" if count else "–" for value in others)]


def _delay(figures: Mapping[str, Any]) -> str:
    delay = figures["delay_s"]
    return f"{delay['p50']:.2f} / {delay['p95']:.2f}" if delay else "–"
