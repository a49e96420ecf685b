"""What people type of a plate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.golden import tinyland

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_train.labelling.typed_text import Speller

NEPAL = load_country("nepal")
TALL, FLAT = (100.0, 70.0), (200.0, 40.0)


def typed(text: str, *before: str, size_wh: tuple[float, float] = TALL) -> tuple[tuple[str, ...], str, str, str]:
    found = Speller(NEPAL).read(text, before, size_wh)
    return found.rows, found.legible, found.kind, found.form


@pytest.mark.parametrize(
    ("text", "rows", "form"),
    [
        ("ba 1 pa 1234", ("बा१प", "१२३४"), "zonal"),
        ("ba 2 ba 12", ("बा२ब", "१२"), "zonal"),  # the same letters are a zone, then a class
        ("बा १ प १२३४", ("बा१प", "१२३४"), "zonal"),
        ("बा 1 pa १२३४", ("बा१प", "१२३४"), "zonal"),
        ("ba-1.pa-1234", ("बा१प", "१२३४"), "zonal"),
        ("ba 1|pa 1234", ("बा१", "प१२३४"), "zonal"),
        ("ba 1 / pa / 1234", ("बा१", "प", "१२३४"), "zonal"),
        ("ba1pa1234|", ("बा१प१२३४",), "zonal"),
        ("pradesh 3 01 024 cha 7892", ("प्रदेश३०१०२४च", "७८९२"), "provincial"),
        ("bagmati pra 02 014 pa 9", ("बागमतीप्र०२०१४प", "९"), "provincial, named"),
        ("1234", ("१२३४",), ""),
        ("ka kha", ("कख",), ""),
    ],
)
def test_small_letters_are_transliterated(text: str, rows: tuple[str, ...], form: str) -> None:
    """By the country's forms where one allows the text, else sign by sign; `|`, `/` and `+` end rows."""
    assert typed(text) == (rows, "full", "devanagari", form)


def test_capitals_are_latin_as_painted() -> None:
    """An embossed plate is typed in capitals; capitals that no Latin form allows are transliterated."""
    assert typed("BAA 1234", size_wh=FLAT) == (("BAA1234",), "full", "latin", "embossed")
    assert typed("Ba 1 Pa 1234", size_wh=FLAT)[0] == ("बा१प१२३४",)


def test_unreadable_characters() -> None:
    """`?` stands for one character, alone for a plate that nobody can read."""
    assert typed("ba ? pa 12?4") == (("बा?प", "१२?४"), "partial", "devanagari", "zonal")
    assert typed("?") == (("?",), "none", "devanagari", "")


def test_rows_without_an_end_are_cut_as_before_or_by_shape() -> None:
    """As many characters as before are cut as before; else a tall plate is cut before its last number."""
    assert typed("ba 1 pa 1234", "बा१", "प१२३५")[0] == ("बा१", "प१२३४")
    assert typed("ba 12 pa 1234", "बा१", "प१२३५")[0] == ("बा१२प", "१२३४")
    assert typed("ba 1 pa 1234", "स", "१२३४५६")[0] == ("बा१प", "१२३४")
    assert typed("ba 1 pa 1234", size_wh=FLAT)[0] == ("बा१प१२३४",)


@pytest.mark.parametrize(("text", "message"), [("ba €", "'€' is on no plate of Nepal"), (" . ", "no character yet")])
def test_what_no_plate_says_is_refused(text: str, message: str) -> None:
    """A sign of no plate is named; a text without a sign asks for `?`."""
    with pytest.raises(LprError, match=message):
        typed(text)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is typed gives rows in the country's alphabet, or one clear error."""
    try:
        found = Speller(NEPAL).read(text, ("बा१प", "१२३४"), TALL)
    except LprError:
        return
    assert found.rows
    for row in found.rows:
        assert NEPAL.tokenize(row)


def test_another_country_types_its_own_letters() -> None:
    """Small letters become a Latin country's capitals: no code knows Nepal."""
    assert Speller(tinyland.tinyland()).read("a104", (), FLAT).rows == ("A104",)
