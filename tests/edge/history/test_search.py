from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.histories import BEGIN, NEPAL, event, history_of, ids

from lpr_edge.history.grams import SHORTEST_INEXACT, match_expression, near_pattern, pieces_of
from lpr_edge.history.search import SearchFilter
from lpr_edge.history.signs import cuts_of, signs_of

TEXTS = ("बा१प१२३४", "बा१प१२९४", "ना३च५६७८", "प्रदेश३०२००१च१२३४", "BA1PA1234", "को२ख१२४")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("BA 1 PA 1234", ["e4", "e1", "e0"]),
        ("बा १ प १२३४", ["e4", "e1", "e0"]),
        ("बा १ pa 1234", ["e4", "e1", "e0"]),
        ("1234", ["e5", "e4", "e3", "e1", "e0"]),
        ("१२३४", ["e5", "e4", "e3", "e1", "e0"]),
        ("cha", ["e3", "e2"]),
        ("च", ["e3", "e2"]),
        ("5678", ["e2"]),
        ("5679", ["e2"]),
        ("57", []),
        ("ङ", []),
        ("xyzw", []),
        ("  ", ["e5", "e4", "e3", "e2", "e1", "e0"]),
        ('") OR ("', []),
        ('"*^:', []),
    ],
)
def test_a_part_is_found_in_either_script(tmp_path: Path, typed: str, found: list[str]) -> None:
    """A part of a plate is found newest first, in either script; from four signs on one may be wrong."""
    access = history_of(tmp_path, [event(number, text) for number, text in enumerate(TEXTS)])
    assert ids(access, typed) == found


def test_no_sign_may_be_wrong_where_that_is_asked(tmp_path: Path) -> None:
    """`exact` finds only what was typed."""
    access = history_of(tmp_path, [event(number, text) for number, text in enumerate(TEXTS)])
    assert ids(access, "1234", exact=True) == ["e4", "e3", "e0"]


def test_filters_and_time(tmp_path: Path) -> None:
    """Source, direction, list and time narrow a search, alone and together."""
    listed = {"plate": "BA1PA1234", "name": "Ram", "action": "open", "edits": 0}
    records = [
        event(0),
        event(1, source="gate-2", direction="in"),
        event(2, matched=listed, direction="in"),
        event(3, matched=None),
    ]
    access = history_of(tmp_path, records)
    assert ids(access, source="gate-2") == ["e1"]
    assert ids(access, direction="in") == ["e2", "e1"]
    assert ids(access, direction="in", source="gate-1", text="1234") == ["e2"]
    assert ids(access, listed="any") == ids(access, listed="Ram") == ids(access, listed="open") == ["e2"]
    assert ids(access, source="gate-9") == []
    assert ids(access, since=BEGIN + timedelta(minutes=1), until=BEGIN + timedelta(minutes=3)) == ["e2", "e1"]
    assert access.choices() == {"source": ["gate-1", "gate-2"], "direction": ["in"], "list": ["Ram", "open"]}


def test_pages_stay_while_events_come(tmp_path: Path) -> None:
    """The following page begins behind the last event shown, though newer ones came meanwhile."""
    access = history_of(tmp_path, [event(number) for number in range(6)])
    first = access.page(SearchFilter("1234"), None, 2)
    history_of(tmp_path, [event(number) for number in range(6, 9)])
    second = access.page(SearchFilter("1234"), first.after, 2)
    assert [each.record["id"] for each in (*first.events, *second.events)] == ["e5", "e4", "e3", "e2"]


def test_events_of_one_moment_are_kept_apart(tmp_path: Path) -> None:
    """Two cameras may see plates in the same millisecond."""
    access = history_of(tmp_path, [event(1), event(1, "ना३च५६७८", id="other", source="gate-2")])
    assert sorted(ids(access)) == ["e1", "other"]


def test_a_text_beyond_the_alphabet_is_found(tmp_path: Path) -> None:
    """A text of a model with other labels is kept and found sign by sign."""
    access = history_of(tmp_path, [event(0, "ЖЖ-1234"), event(1, "ЖЩ12")])
    assert ids(access, "жщ") == ["e1"]


def is_near(part: str, key: str, most: int) -> bool:
    """Whether a substring of `key` differs from `part` in so many signs at most (Sellers' algorithm)."""
    row = [0] * (len(key) + 1)
    for count, sign in enumerate(part, 1):
        new = [count]
        for at, other in enumerate(key, 1):
            new.append(min(row[at - 1] + (sign != other), row[at] + 1, new[at - 1] + 1))
        row = new
    return min(row) <= most


KEYS = st.text("0123ab", min_size=1, max_size=10)


@given(part=KEYS, key=KEYS)
@settings(deadline=None, max_examples=500)
def test_the_pattern_is_the_edit_distance(part: str, key: str) -> None:
    """The comparison behind the index finds exactly the parts within one edit, from four signs on."""
    most = int(len(part) >= SHORTEST_INEXACT)
    assert bool(near_pattern(part, False).search(key)) == is_near(part, key, most)


@given(part=KEYS, key=KEYS)
@settings(deadline=None, max_examples=500)
def test_the_index_misses_nothing(part: str, key: str) -> None:
    """Each text within one edit of a part fulfils the index's expression, worked out without SQLite."""
    most = int(len(part) >= SHORTEST_INEXACT)
    if is_near(part, key, most):
        pieces = pieces_of(key)
        variants = match_expression(part, False).split(" OR ")
        needed = [{token.strip('()"') for token in variant.split(" AND ")} for variant in variants]
        assert any(tokens <= pieces for tokens in needed)


@given(st.lists(st.lists(st.sampled_from(NEPAL.labels), min_size=1, max_size=9), min_size=1, max_size=6), st.data())
@settings(deadline=None, max_examples=25)
def test_search_equals_brute_force(
    tmp_path_factory: pytest.TempPathFactory, plates: list[list[str]], data: st.DataObject
) -> None:
    """A search over stored plates finds what comparing each of them with each way to cut the typed text finds."""
    texts = ["".join(plate) for plate in plates]
    access = history_of(tmp_path_factory.mktemp("history"), [event(number, text) for number, text in enumerate(texts)])
    whole = data.draw(st.sampled_from(plates))
    part = whole[data.draw(st.integers(0, len(whole) - 1)) :]
    part[data.draw(st.integers(0, len(part) - 1))] = data.draw(st.sampled_from(NEPAL.labels))
    typed = "".join(NEPAL.latin.get(label, label) if data.draw(st.booleans()) else label for label in part)
    letters: dict[str, str] = {}

    def as_key(signs: Sequence[str]) -> str:
        return "".join(letters.setdefault(sign, chr(0x4E00 + len(letters))) for sign in signs)

    cuts = [as_key(signs) for signs in cuts_of(typed, NEPAL)]
    expected = [
        f"e{number}"
        for number, text in enumerate(texts)
        if any(is_near(cut, as_key(signs_of(text, NEPAL)), int(len(cut) >= SHORTEST_INEXACT)) for cut in cuts)
    ]
    assert ids(access, typed) == expected[::-1]


def test_an_exact_part_of_four_signs_asks_for_all_of_its_pieces() -> None:
    """The index then finds every text with the part, and few others, each of which would be read from disk."""
    assert match_expression("4711", is_exact=True) == '"411" AND "471" AND "711"'
    assert {"471", "711", "411"} <= pieces_of("A4711B")
    assert not {"471", "711", "411"} <= pieces_of("471711")
