import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_fleet.search.plate_key import grams_of
from lpr_fleet.search.query import MAX_SHOWN, Wanted, search_query

SIGNS = st.text("ABC123", min_size=4, max_size=9)


def is_like(text: str, pattern: str) -> bool:
    return re.fullmatch(pattern.replace("%", ".*").replace("_", "."), text) is not None


def finds(wanted: Wanted, signs: str) -> bool:
    """Whether a statement's conditions hold for a plate: LIKE and the pattern are done here."""
    statement, values = search_query(wanted)
    condition = re.search(r"WHERE (\(.*?\)) AND signs LIKE ANY", statement)
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
    assert finds(Wanted([part]), signs)
    assert finds(Wanted([part[:at] + "X" + part[at + 1 :]]), signs)
    assert finds(Wanted([part[:at] + "X" + part[at:]]), signs)
    if len(part) > 4:
        assert finds(Wanted([part[:at] + part[at + 1 :]]), signs)


def test_two_wrong_signs_and_an_exact_search() -> None:
    """Two wrong signs aren't found, nor one where no sign may be wrong; a part as it is always is."""
    assert not finds(Wanted(["AXC1Y3"]), "ABC123")
    assert not finds(Wanted(["ABX123"], exact=True), "ABC123")
    assert finds(Wanted(["BC12"], exact=True), "ABC123")


def test_a_short_part_walks_back_in_time() -> None:
    """One or two signs have no piece in the index: the newest events are compared, within the time asked for."""
    since = datetime(2026, 3, 1, tzinfo=UTC)
    statement, values = search_query(Wanted(["12"], since=since, device="gate-1", limit=5))
    assert "grams" not in statement
    assert values == [since, "gate-1", ["%12%"], 5]


@pytest.mark.parametrize(("limit", "used"), [(0, 1), (10**9, MAX_SHOWN)])
def test_the_limit_has_limits(limit: int, used: int) -> None:
    """No search returns nothing at all by its limit, or the whole table."""
    assert search_query(Wanted(limit=limit))[1] == [used]
