"""The table of what a fine-tuning gains, from its run folder's fine_tune.json."""

from pathlib import Path

from tools.docs.results import NOTE, Result, accuracy, counted, not_measured, table

from lpr_train.base.task import HELD_OUT, LEARNT_OTHERS, OTHER_TEST, OTHERS, RENDERED, TEST

MEASURE = "make fine-tune-gain DATA=DIR FROM=RUN"
COMMAND = "lpr-train fine-tune reader --data NEW --also KNOWN --from RUN --out OUT"
TITLES = {
    HELD_OUT: "new source, held out of training",
    OTHERS: "known sources, held out of training",
    LEARNT_OTHERS: "known sources, learnt photographs",
    TEST: "new source, test split",
    OTHER_TEST: "known sources, test split",
    RENDERED: "rendered images",
}


def fine_tune(repository: Path) -> str:
    """A line for each set of pictures, before and after, and the minutes."""
    result = accuracy(repository, "fine-tune")
    return fine_tune_lines(result) if result else not_measured(MEASURE)


def fine_tune_lines(result: Result) -> str:
    """The table of a run folder's fine_tune.json."""
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
    kept = result.get("factor", 1.0)
    between = f" The weights are {100 * kept:.0f} % of the way to the fine-tuned ones." if kept < 1 else ""
    used = f", of which it used {result['cpu_minutes']:.0f} of processor time" if "cpu_minutes" in result else ""
    minutes = f"{result['minutes']:.0f} minutes on two busy cores{used}"
    return f"{shown}\n\n`{COMMAND}` trained for {minutes}.{between} {NOTE} `{MEASURE}` measures it."


def _counted(value: float, count: int) -> str:
    return counted({"successes": round(value * count), "count": count})
