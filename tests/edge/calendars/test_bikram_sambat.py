from datetime import date, timedelta

import pytest

from lpr_edge.calendars.bikram_sambat import BEGINNINGS, FIRST_DAY, LENGTHS, bikram_sambat


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(1943, 4, 14), "2000-01-01"),
        (date(1990, 4, 8), "2046-12-26"),
        (date(2001, 6, 1), "2058-02-19"),
        (date(2008, 5, 28), "2065-02-15"),
        (date(2015, 4, 25), "2072-01-12"),
        (date(2015, 9, 20), "2072-06-03"),
        (date(2025, 4, 13), "2081-12-31"),
        (date(2025, 4, 14), "2082-01-01"),
    ],
)
def test_known_days(day: date, expected: str) -> None:
    """Days whose date in both calendars is known: democracy, republic, earthquake, constitution, new year."""
    assert bikram_sambat(day) == expected


def test_every_day_has_its_own_date() -> None:
    """Over a century, each day follows the one before: the next day of a month, or the first of the next one."""
    days = [bikram_sambat(FIRST_DAY + timedelta(days=number)) for number in range(BEGINNINGS[-1])]
    assert None not in days
    assert len(set(days)) == len(days)
    assert sum(str(day).endswith("-01") for day in days) == len(LENGTHS) == 101 * 12
    assert days[-1] == f"2100-12-{LENGTHS[-1]:02d}"


def test_years_keep_to_the_sun() -> None:
    """Years have 364 to 367 days, and new year stays in the middle of April."""
    years = [sum(LENGTHS[month : month + 12]) for month in range(0, len(LENGTHS), 12)]
    assert {364, 365, 366, 367}.issuperset(years)
    new_years = [FIRST_DAY + timedelta(days=BEGINNINGS[month]) for month in range(0, len(LENGTHS), 12)]
    assert {(day.month, 12 <= day.day <= 16) for day in new_years} == {(4, True)}


@pytest.mark.parametrize("day", [date(1943, 4, 13), date(2044, 4, 15), date(1, 1, 1), date(9999, 12, 31)])
def test_days_outside_of_the_table_have_no_date(day: date) -> None:
    """No date is made up where the calendar isn't known."""
    assert bikram_sambat(day) is None
