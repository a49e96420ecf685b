import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_fleet.search.finding import search
from lpr_fleet.search.plate_key import grams_of
from lpr_fleet.search.query import MAX_COMPARED, MAX_SHOWN, Query, SearchFilter, newest_query, plates_query, slices

SIGNS = st.text("ABC123", min_size=4, max_size=9)


def is_like(text: str, pattern: str) -> bool:
    return re.fullmatch(pattern.replace("%", ".*").replace("_", "."), text) is not None


def finds(wanted: SearchFilter, signs: str) -> bool:
    """Whether a statement's conditions hold for a plate: LIKE and the pattern are done here."""
    statement, values = plates_query(wanted)
    condition = re.search(r"FROM plates WHERE (\(.*?\)) AND signs LIKE ANY", statement)
    assert condition is not None
    likes = iter(values)
    grams = grams_of(signs)
    text = re.sub(r"grams LIKE %s", lambda _: str(next(likes).strip("%") in grams), condition[1])
    return bool(eval(text.replace("OR", "or").replace("AND", "and"))) and any(
        is_like(signs, form) for form in next(likes)
    )


@given(signs=SIGNS, data=st.data())
def test_one_wrong_sign_is_found(signs: str, data: st.DataObject) -> None:
    """A plate is found by any part of four signs or more in which one sign is wrong, missing or additional."""
    first = data.draw(st.integers(0, len(signs) - 4))
    part = signs[first : data.draw(st.integers(first + 4, len(signs)))]
    at = data.draw(st.integers(0, len(part) - 1))
    assert finds(SearchFilter([part]), signs)
    assert finds(SearchFilter([part[:at] + "X" + part[at + 1 :]]), signs)
    assert finds(SearchFilter([part[:at] + "X" + part[at:]]), signs)
    if len(part) > 4:
        assert finds(SearchFilter([part[:at] + part[at + 1 :]]), signs)


def test_two_wrong_signs_and_an_exact_search() -> None:
    """Two wrong signs aren't found, nor one where no sign may be wrong; a part as it is always is."""
    assert not finds(SearchFilter(["AXC1Y3"]), "ABC123")
    assert not finds(SearchFilter(["ABX123"], exact=True), "ABC123")
    assert finds(SearchFilter(["BC12"], exact=True), "ABC123")


@given(signs=SIGNS, data=st.data())
def test_one_and_two_signs_are_found(signs: str, data: st.DataObject) -> None:
    """A part of one or two signs is found where it stands, and two signs that aren't side by side aren't found."""
    first = data.draw(st.integers(0, len(signs) - 2))
    assert finds(SearchFilter([signs[first]]), signs)
    assert finds(SearchFilter([signs[first : first + 2]]), signs)
    assert finds(SearchFilter(["AC"]), signs) == ("AC" in signs)


def test_the_newest_events_are_compared_first() -> None:
    """So many of the device's newest, within the time asked for."""
    since = datetime(2026, 3, 1, tzinfo=UTC)
    statement, values = newest_query(SearchFilter(["12"], since=since, device="gate-1", limit=5))
    assert "plates" not in statement
    assert values == [since, "gate-1", MAX_COMPARED, ["%12%"], 5, ["%12%"], 5]


def test_plates_are_those_of_the_months_asked_for() -> None:
    """A month counts that has a part of the time; events are within the time, and of the device."""
    since, until = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    statement, values = plates_query(SearchFilter(["12345"], True, since, until, "gate-1", 5))
    assert "month >= %s AND month < %s" in statement
    begins = [datetime(2026, 3, 1, tzinfo=UTC), until]
    asked = [since, until, "gate-1"]
    assert values == ["%123%", "%345%", *begins, ["%12345%"], *asked, 5, 5, *asked, 5]


@pytest.mark.parametrize(("limit", "used"), [(0, 1), (10**9, MAX_SHOWN)])
def test_the_limit_has_limits(limit: int, used: int) -> None:
    """No search returns nothing at all by its limit, or the whole table."""
    assert newest_query(SearchFilter(limit=limit))[1] == [used]


MONTHS = [datetime(2025, month, 1, tzinfo=UTC) for month in range(1, 11)]


def test_slices_cover_all_time_newest_first() -> None:
    """One month, then two, four, and the rest; what lies before and after the months belongs to an end."""
    spans = [(part.since, part.until) for part in slices(SearchFilter(["123"]), MONTHS)]
    october, august, april = MONTHS[9], MONTHS[7], MONTHS[3]
    assert spans == [(october, None), (august, october), (april, august), (None, april)]
    assert [(part.since, part.until) for part in slices(SearchFilter(["123"]), [])] == [(None, None)]


def test_slices_keep_within_the_time_asked_for() -> None:
    """No slice is outside of it, and together they are all of it."""
    since, until = datetime(2025, 5, 7, tzinfo=UTC), datetime(2025, 9, 9, tzinfo=UTC)
    spans = [(part.since, part.until) for part in slices(SearchFilter(["123"], since=since, until=until), MONTHS)]
    assert spans == [(MONTHS[7], until), (since, MONTHS[7])]


def search_in(found: list[int], part: str = "123", has_older: bool = True, **wanted: Any) -> tuple[int, list[Query]]:
    """Events that a search returns, and statements that it runs, where each of them finds so many.

    Whether there are older events than those that are compared is asked in a statement that isn't among them.
    """
    ran: list[Query] = []

    def run(query: Query) -> list[tuple[object, str, str, object]]:
        if "OFFSET" in query[0]:
            return [(1, "", "", None)] * has_older
        ran.append(query)
        return [(None, "gate", "", None)] * found[len(ran) - 1]

    months = [(f"events_{month:%Y_%m}",) for month in MONTHS]
    connection = SimpleNamespace(execute=lambda _: [*months, ("events_other",)])
    return len(search(connection, SearchFilter([part], **wanted), run)), ran


@pytest.mark.parametrize(
    ("found", "returned", "ran"),
    [([5], 5, 1), ([0, 5], 5, 2), ([1, 2, 2, 4, 9], 5, 4), ([0, 0, 0, 0, 0], 0, 5)],
)
def test_a_search_ends_when_enough_is_found(found: list[int], returned: int, ran: int) -> None:
    """The newest events are enough, or the plates are asked slice by slice until there are as many as asked for."""
    count, statements = search_in(found, limit=5)
    assert (count, len(statements)) == (returned, ran)


@pytest.mark.parametrize("found", [0, 3])
def test_a_search_ends_when_all_events_are_compared(found: int) -> None:
    """Where no older events are there, at a device or in a time, no plates are asked, however few events fit."""
    count, statements = search_in([found], has_older=False, limit=5)
    assert (count, len(statements)) == (found, 1)


def compared_in(statements: list[Query]) -> list[int]:
    """How many of the newest events each statement compares, those on the plates left out."""
    return [values[0] for statement, values in statements if "plates" not in statement]


def test_more_of_the_newest_are_compared_where_many_fit() -> None:
    """As many as it takes where they are spread evenly, and half of that again; once, and not where few fit."""
    count, statements = search_in([20, 50], limit=50)
    assert (count, compared_in(statements)) == (50, [MAX_COMPARED, MAX_COMPARED * 15 // 4])
    count, statements = search_in([20, 49, 50], limit=50)
    assert (count, len(compared_in(statements)), len(statements)) == (50, 2, 3)
    _, statements = search_in([12, 50], limit=50)
    assert (len(compared_in(statements)), len(statements)) == (1, 2)


@pytest.mark.parametrize(
    ("part", "exact", "compares"),
    [("123", True, 1), ("1234", True, 0), ("12", False, 1), ("1234", False, 1), ("12345", False, 0)],
)
def test_a_long_part_is_looked_up_at_once(part: str, exact: bool, compares: int) -> None:
    """Four signs that must be right are rare among the newest events, and so is what lacks one of five."""
    _, statements = search_in([50] * 5, part, exact=exact)
    assert len(compared_in(statements)) == compares
