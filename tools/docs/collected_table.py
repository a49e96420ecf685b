"""What a device would collect, from the result of `lpr-bench visits --collect`; what a reader gains from its votes."""

from pathlib import Path

from tools.docs.fine_tune_table import TITLES
from tools.docs.results import NOTE, Result, accuracy, board, counted, not_measured, other_networks, table

COMMAND = "lpr-bench visits --data DIR --collect"
HEADER = ("script", "visits", "votes", "of these right", "with good corners", "to label", "of these no plate")

GAIN_COMMAND = "make collected-gain DATA=DIR FROM=RUN"
GAIN_HEADER = ("plates read exactly, true corners", "before", "trained on votes", "the same without votes")


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


def collected_gain(repository: Path) -> str:
    """A line for each set of pictures: before, with the votes, and with the same training without them."""
    result = accuracy(repository, "collected-gain")
    return gain_lines(result) if result else not_measured(GAIN_COMMAND)


def gain_lines(result: Result) -> str:
    """The table of `tests.support.collected_gain`'s result."""
    votes, control = ({change["pictures"]: change for change in result["tuned"][arm]["changes"]} for arm in ARMS)
    rows = [
        [
            TITLES[name],
            _successes(change["before"], change["count"]),
            *(_successes(arm[name]["after"], change["count"]) for arm in (votes, control)),
        ]
        for name, change in votes.items()
    ]
    count = sum(clip["votes"] for clip in result["clips"])
    right = counted({"successes": sum(clip["votes_right"] for clip in result["clips"]), "count": count})
    scripts = " and ".join(f"`{clip['clip']}`" for clip in result["clips"])
    visits = sum(clip["visits"] for clip in result["clips"])
    kept = " ".join(_kept(arm, result["tuned"][name]) for name, arm in ARMS.items())
    return (
        f"{table(GAIN_HEADER, rows)}\n\nThe votes: {count} of {visits} visits in clips of {scripts}, of these right "
        f"{right}. {kept} {NOTE} `{GAIN_COMMAND}` measures it."
    )


ARMS = {"votes": "The network trained on votes", "control": "The one without them"}
"""Of the result -> how a sentence begins that names it."""


def _kept(network: str, tuned: Result) -> str:
    return f"{network} {'would not be kept, since it is worse in something.' if tuned['worse'] else 'is kept.'}"


def _successes(value: float, count: int) -> str:
    return counted({"successes": round(value * count), "count": count})
