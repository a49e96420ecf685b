"""Decide whether the system clock is plausible: deleting by age with a wrong clock would lose events."""

from datetime import UTC, datetime

EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
"""lpr didn't exist before: a clock that shows an earlier time was never set."""
LONGEST_LEAP_S = 3 * 86400.0
"""Plausible time for which a device is switched off, so that its clock is accepted without time synchronisation."""


def clock_problem(now: float, known: float | None, is_held: bool | None) -> str:
    """Explain why the clock isn't plausible; an empty string if it is.

    Args:
        now: the clock's time, in seconds since 1970.
        known: time of the latest known event; None without any.
        is_held: whether a time service synchronises the clock; None if unknown.
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
