from datetime import UTC, datetime, timedelta, timezone

from lpr_fleet.database.partitions import month_of, months_back, months_between, next_month, partition_name

NOW = datetime(2026, 3, 15, tzinfo=UTC)


def test_months_are_utc() -> None:
    """A time shortly after midnight east of Greenwich lies in the month before."""
    late = datetime(2026, 3, 1, 2, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    assert partition_name(month_of(late)) == "events_2026_02"
    assert partition_name(month_of(late), "plates") == "plates_2026_02"


def test_a_year_has_twelve_months() -> None:
    """Each month follows the one before, whatever its length."""
    month = datetime(2026, 1, 1, tzinfo=UTC)
    names = []
    for _ in range(13):
        names.append(partition_name(month))
        month = next_month(month)
    assert names == [*(f"events_2026_{number:02d}" for number in range(1, 13)), "events_2027_01"]


def test_clocks_that_are_far_off_make_no_partition() -> None:
    """Events of 1970 and of next year get no table of their own; repeated months are named once, oldest first."""
    times = [datetime(1970, 1, 1, tzinfo=UTC), NOW, NOW + timedelta(days=400), NOW - timedelta(days=30), NOW]
    assert months_between(times, NOW) == [datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)]


def test_months_back_cross_the_year() -> None:
    """Three months before February is November of the year before; none is this month."""
    assert months_back(datetime(2026, 2, 15, tzinfo=UTC), 3) == datetime(2025, 11, 1, tzinfo=UTC)
    assert months_back(NOW, 0) == datetime(2026, 3, 1, tzinfo=UTC)
