"""The table of vehicle visits, from the result file of `lpr-bench visits`."""

from pathlib import Path

from tools.docs.results import NOTE, Result, board, counted, not_measured, table

COMMAND = "lpr-bench visits --data DIR --split test"
HEADER = (
    "script",
    "once and right",
    "right at all",
    "twice or more",
    "never",
    "false events an hour",
    "delay p50 / p95",
    "frames skipped",
)


def visits(repository: Path) -> str:
    """A line for each script."""
    result = visits_result(repository)
    if not result:
        return not_measured(COMMAND)
    limit = f"{result['limit']} photographs" if result["limit"] else "all photographs"
    scripts = [clip["clip"] for clip in result["clips"]]
    of = f"Clips of {limit} of the {result['split']} split, seed {result['seed']}, scripts {', '.join(scripts)}."
    return f"{table(HEADER, [_row(clip) for clip in result['clips']])}\n\n{of} {NOTE}"


def visits_result(repository: Path) -> Result | None:
    """The record of the shipped models' visits; None where it wasn't measured."""
    return board(repository, "visits", "visits")


def once_and_right(result: Result, script: str) -> str | None:
    """The share of a script's visits that gave exactly one event, of the right text; None where it wasn't played."""
    clip = next((clip for clip in result["clips"] if clip["clip"] == script), None)
    return _share(clip, "once_and_right") if clip else None


def _row(clip: Result) -> list[str]:
    shares = [_share(clip, name) for name in ("once_and_right", "right_at_all", "more_than_once", "never")]
    delay = clip["delay_s"]
    return [
        clip["clip"],
        *shares,
        f"{clip['false_events_an_hour']:.1f}",
        f"{delay['p50']:.2f} / {delay['p95']:.2f} s" if delay else "–",
        f"{100 * clip['skipped']:.0f} %",
    ]


def _share(clip: Result, name: str) -> str:
    return counted({"successes": clip[name], "count": clip["visits"]})
