"""The table of what a device would collect, from the result file of `lpr-bench visits --collect`."""

from pathlib import Path

from tools.docs.results import NOTE, Result, board, counted, not_measured, other_networks, table

COMMAND = "lpr-bench visits --data DIR --collect"
HEADER = ("script", "visits", "votes", "of these right", "with good corners", "to label", "of these no plate")


def collected(repository: Path) -> str:
    """A line for each script."""
    result = board(repository, "visits", "collected")
    if not result:
        return not_measured(COMMAND)
    rows = [_row(clip) for clip in result["clips"]]
    of = (
        f"Clips of {result['limit'] or 'all'} photographs of the {result['split']} split, seed {result['seed']}. Good "
        f"corners have an IoU of 0.7 or more. {NOTE} {other_networks(result, repository)}"
    )
    return f"{table(HEADER, rows)}\n\n{of.strip()}"


def _row(clip: Result) -> list[str]:
    own = clip["collected"]
    shares = [
        counted({"successes": own[f"votes_{name}"], "count": own["votes"]}) for name in ("right", "with_good_corners")
    ]
    no_plate = counted({"successes": own["readings_of_no_plate"], "count": own["readings"]})
    return [clip["clip"], str(clip["visits"]), str(own["votes"]), *shares, str(own["readings"]), no_plate]
