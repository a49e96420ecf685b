"""The table of what a fine-tuning gains, from its run folder's fine_tune.json."""

from pathlib import Path

from tools.docs.results import NOTE, accuracy, counted, not_measured, table

COMMAND = "lpr-train fine-tune reader --data NEW --also KNOWN --from RUN --minutes 16 --out OUT"
TITLES = {
    "held-out": "new source, held out of training",
    "test": "new source, test split",
    "other test": "known sources, test split",
    "rendered": "rendered images",
}


def fine_tune(repository: Path) -> str:
    """A line for each set of pictures, before and after, and the minutes."""
    result = accuracy(repository, "fine-tune")
    if not result:
        return not_measured(COMMAND)
    rows = [
        [
            TITLES[change["pictures"]],
            _counted(change["before"], change["count"]),
            _counted(change["after"], change["count"]),
            f"{100 * (change['after'] - change['before']):+.1f}",
        ]
        for change in result["changes"]
    ]
    shown = table(["plates read exactly, true corners", "before", "after", "points"], rows)
    return f"{shown}\n\n`{COMMAND}` trained for {result['minutes']:.0f} minutes on two busy cores. {NOTE}"


def _counted(value: float, count: int) -> str:
    return counted({"successes": round(value * count), "count": count})
