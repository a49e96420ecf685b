"""Whether the clock can be believed: what is deleted for its age by a wrong one is gone."""

from datetime import UTC, datetime

EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
"""Before lpr's first version: a clock that shows an earlier time was never set."""
LONGEST_LEAP_S = 3 * 86400.0
"""A device may be off for so long, as over a weekend, and its clock be believed though no time service holds it."""


def clock_problem(now: float, known: float | None, is_held: bool | None) -> str:
    """Why a clock can't be believed; empty where it can.

    Args:
        now: what it shows, in seconds since 1970.
        known: the latest time at which something is known to have happened; None where nothing is.
        is_held: whether a time service holds it; None where the machine doesn't tell.
    """
    if now < EARLIEST.timestamp():
        return f"it shows {_date(now)}, which is before lpr was made"
    if not is_held and known is not None and now - known > LONGEST_LEAP_S:
        days = (now - known) / 86400
        return f"it shows {_date(now)}, {days:.0f} days after the newest event, and no time service holds it"
    return ""


def _date(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
    except (ValueError, OverflowError):
        return "no date"
