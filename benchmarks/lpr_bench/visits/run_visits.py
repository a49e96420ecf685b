"""`lpr-bench visits`: the fraction of vehicles' visits that are reported once and right."""

import argparse
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from lpr_bench.base.results import write_result
from lpr_bench.system.devices import add_device_flags, describe_model, open_reader
from lpr_bench.system.environment import describe_environment
from lpr_bench.visits.clips import SIZE_HW, MadeClip
from lpr_bench.visits.collected import RULES, Collected, format_collected, score_labels, summarize_labels
from lpr_bench.visits.outcomes import ClipOutcome, match_events
from lpr_bench.visits.play import Clip, play
from lpr_bench.visits.real_clips import load_real_clips
from lpr_bench.visits.scripts import SCRIPTS
from lpr_bench.visits.subjects import choose_subjects, cut_roads
from lpr_bench.visits.visits_page import write_page
from lpr_bench.visits.visits_report import format_clips, summarize_clip, without_texts
from lpr_edge.collect.collect_folder import CollectFolder, Limits
from lpr_edge.collect.collector import Collector
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.data.label_file import TRAINING_SPLIT
from lpr_edge.contract.data.plate_photos import ground_truth, load_plates
from lpr_edge.text.confidence import MIN_CONFIDENCE

ROADS = 12
"""Different empty roads of a clip."""
ROAD_TURNS = 40
"""Turns of the script without vehicles: two minutes."""


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("visits", help="vehicles' visits reported once and right, in clips")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="holds plates/, or visits.jsonl with clips"
    )
    parser.add_argument("--split", default="test", help="part of the data (default: test)")
    parser.add_argument(
        "--scripts",
        type=_script_names,
        default=list(SCRIPTS),
        metavar="NAME,...",
        help=f"how vehicles come and go (default: all): {', '.join(SCRIPTS)}",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="photographs that are used at most (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of the clips (default: 0)")
    parser.add_argument(
        "--min-confidence", type=float, default=MIN_CONFIDENCE, help=f"of an event (default: {MIN_CONFIDENCE})"
    )
    parser.add_argument(
        "--collect",
        nargs="?",
        const="",
        metavar="DIR",
        help="also count what lpr-edge --collect keeps, and how many of its labels are right; with DIR, write it there",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and every visit there")
    parser.add_argument(
        "--figures", type=Path, metavar="FILE", help="write the figures there too, without pictures' names and texts"
    )
    parser.add_argument("--page", type=Path, metavar="FILE", help="figures and a strip of each miss, as one HTML file")
    add_device_flags(parser)
    parser.set_defaults(run=run)


def _script_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in SCRIPTS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no script {', '.join(unknown)}: choose from {', '.join(SCRIPTS)}")
    return names


def run(parsed: argparse.Namespace) -> int:
    """Play every clip, print, and write the result if `--json` is given."""
    pipeline = open_reader(parsed)
    pipeline.min_confidence = parsed.min_confidence
    country = pipeline.reader.grammar.country
    folder = CollectFolder(Path(parsed.collect), country, Limits(0, timedelta())) if parsed.collect else None
    outcomes: list[ClipOutcome] = []
    labels: dict[str, dict[str, Any]] = {}
    for clip in _clips(parsed, country.script):
        print(f"{clip.name}: {len(clip.visits)} visits", file=sys.stderr)
        collected = Collected(folder)
        observer = Collector(RULES, collected, pipeline.reader.read) if parsed.collect is not None else None
        played = play(clip, pipeline, parsed.page is not None, observer)
        outcomes.append(match_events(played))
        labels[clip.name] = summarize_labels(score_labels(collected.examples, clip.visits, played.marks))
    clips = [summarize_clip(outcome) for outcome in outcomes]
    if parsed.collect is not None:
        clips = [clip | {"collected": labels[clip["clip"]]} for clip in clips]
    warning = "SEEN BY TRAINING: the networks learnt from this split." if parsed.split == TRAINING_SPLIT else ""
    table = format_clips(clips) + ("" if parsed.collect is None else f"\n\n{format_collected(labels)}")
    print("\n\n".join(filter(None, [warning, table])))
    models = [describe_model(model) for model in (pipeline.detector.model, pipeline.reader.model)]
    if parsed.json or parsed.figures:
        result: dict[str, Any] = {"split": parsed.split, "seed": parsed.seed, "limit": parsed.limit, "models": models}
        result |= {"min_confidence": parsed.min_confidence, "clips": clips}
        record = {"benchmark": "visits", **result, "environment": describe_environment()}
        _write(parsed.json, record)
        _write(parsed.figures, record | {"clips": [without_texts(clip) for clip in clips]})
    if parsed.page:
        names = " and ".join(str(model["file"]) for model in models)
        write_page(parsed.page, f"lpr visits: {names}, {parsed.split} split", warning, table, outcomes)
        print(f"Wrote {parsed.page}", file=sys.stderr)
    return 0


def _write(path: Path | None, record: dict[str, Any]) -> None:
    if path:
        write_result(path, record)
        print(f"Wrote {path}", file=sys.stderr)


def _clips(parsed: argparse.Namespace, kind: str | None) -> Iterator[Clip]:
    """Real clips if the folder has some, else clips made of its photographs.

    Raises:
        DataError: there is nothing to make them of.
    """
    real = load_real_clips(parsed.data)
    if real:
        yield from real
        return
    photos, _ = ground_truth(load_plates(parsed.data, parsed.split))
    subjects = choose_subjects(photos, kind, parsed.seed, parsed.limit)
    roads = cut_roads(photos, SIZE_HW, ROADS, parsed.seed)
    if not subjects or not roads:
        raise DataError(
            f"{parsed.data} has no photograph with a legible plate, or none with room next to its plates, in the split "
            f"{parsed.split!r}: see `split`, `legible` and `kind` in its labels.jsonl"
        )
    for number, name in enumerate(parsed.scripts):
        script = SCRIPTS[name]
        of_road = (subjects * ROAD_TURNS)[: ROAD_TURNS if parsed.limit is None else min(ROAD_TURNS, parsed.limit)]
        yield MadeClip(script, subjects if script.vehicles else of_road, roads, parsed.seed + 1000 * number)
