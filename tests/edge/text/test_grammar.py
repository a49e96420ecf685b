from itertools import islice, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.golden import tinyland

from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country, Element, Form, country_from_dict
from lpr_edge.text.grammar import Grammar, parse
from lpr_edge.text.parsed import Parsed

NEPAL = load_country("nepal")
TINYLAND = tinyland.tinyland()
GRAMMARS = {country.name: Grammar(country) for country in (NEPAL, TINYLAND)}


@st.composite
def readings(draw: st.DrawFn, country: Country) -> tuple[Form, list[str], dict[str, str]]:
    """A form, labels that fill it, and the fields that they fill."""
    form = draw(st.sampled_from(country.forms))
    labels: list[str] = []
    fields: dict[str, str] = {}
    for element in form.elements:
        chosen = draw(st.lists(st.sampled_from(element.options), min_size=element.count[0], max_size=element.count[1]))
        spelt = [label for option in chosen for label in option]
        labels += spelt
        if element.field:
            fields[element.field] = "".join(spelt)
    return form, labels, fields


def without_names(parsed: Parsed) -> dict[str, str]:
    return {field: text for field, text in parsed.fields.items() if not field.endswith("_name")}


@given(st.sampled_from((NEPAL, TINYLAND)).flatmap(lambda country: st.tuples(st.just(country), readings(country))))
def test_no_reading_is_shorter_than_the_shortest(
    case: tuple[Country, tuple[Form, list[str], dict[str, str]]],
) -> None:
    """What a country allows has at least as many labels as `shortest` says."""
    country, (_, labels, _) = case
    assert len(labels) >= GRAMMARS[country.name].shortest


def test_shortest_readings() -> None:
    """Of Nepal a zone, a lot, a class and a digit; of Tinyland a letter and two digits."""
    assert {name: grammar.shortest for name, grammar in GRAMMARS.items()} == {NEPAL.name: 4, TINYLAND.name: 3}


@given(st.sampled_from((NEPAL, TINYLAND)).flatmap(lambda country: st.tuples(st.just(country), readings(country))))
def test_every_allowed_reading_parses_to_its_fields(
    case: tuple[Country, tuple[Form, list[str], dict[str, str]]],
) -> None:
    """Whatever a form of a country can say is read back as valid, with the very fields that it was made of."""
    country, (form, labels, fields) = case
    parsed = GRAMMARS[country.name].parse(labels)
    assert parsed.valid
    if parsed.form == form.name:
        assert without_names(parsed) == fields
    else:  # two forms can allow one text; then the first in the file has it
        assert [f.name for f in country.forms].index(parsed.form or "") < country.forms.index(form)


@settings(max_examples=40)
@given(st.data(), st.sampled_from((NEPAL, TINYLAND)))
def test_walking_agrees_with_parsing(data: st.DataObject, country: Country) -> None:
    """Label by label, `allowed` names what `successors` survives, and `accepts` what `parse` calls valid."""
    grammar = GRAMMARS[country.name]
    state = grammar.start
    labels: list[str] = []
    for _ in range(14):
        alive = {label for label in country.labels if grammar.successors(state, label)}
        assert alive == grammar.allowed(state)
        assert grammar.accepts(state) == grammar.parse(labels).valid
        if not alive:
            break
        labels.append(data.draw(st.sampled_from(sorted(alive))))
        state = grammar.successors(state, labels[-1])


@given(st.lists(st.sampled_from(NEPAL.labels), max_size=16))
def test_any_labels_come_through(labels: list[str]) -> None:
    """Strange plates raise nothing: they are not valid, have no fields, and keep their Latin text."""
    parsed = GRAMMARS["nepal"].parse(labels)
    assert parsed.latin == NEPAL.transliterate(tuple(labels))
    assert parsed.valid or (parsed.form, parsed.fields) == (None, {})


@pytest.mark.parametrize(
    ("text", "form", "fields"),
    [
        (
            "बा ७९ प ५००७",
            "zonal",
            {"zone": "बा", "zone_name": "Bagmati", "lot": "७९", "class": "प", "number": "५००७"},
        ),
        (
            "प्रदेश ३-०२ ०१२ प ०४०३",
            "provincial",
            {"province": "३", "province_name": "Bagmati", "office": "०२", "lot": "०१२", "class": "प", "number": "०४०३"},
        ),
        (
            "BA 7 PA 1234",
            "zonal, latin",
            {"zone": "BA", "zone_name": "Bagmati", "lot": "7", "class": "PA", "number": "1234"},
        ),
        (
            "बागमती प्रदेश ०२ ०१२ प ०४०३",
            "provincial, named",
            {
                "province": "बागमती",
                "province_name": "Bagmati",
                "office": "०२",
                "lot": "०१२",
                "class": "प",
                "number": "०४०३",
            },
        ),
        ("ABC 1234", "embossed", {"series": "ABC", "number": "1234"}),
    ],
)
def test_nepali_plates_by_name(text: str, form: str, fields: dict[str, str]) -> None:
    """Real Nepali forms are told apart, and zones, provinces and classes are called by name."""
    parsed = GRAMMARS["nepal"].parse(NEPAL.tokenize(text))
    assert (parsed.form, parsed.valid) == (form, True)
    meaning = {"class_name": "private, two-wheeler"} if "class" in fields else {}
    assert parsed.fields == fields | meaning


@pytest.mark.parametrize("text", ["", "बा", "बा७९प", "बा७९प५००७१", "७९बाप५००७", "ख१२३"])
def test_incomplete_and_disordered_plates_are_not_valid(text: str) -> None:
    """A missing part, one digit too many or another order make a reading that no form allows."""
    assert not GRAMMARS["nepal"].parse(NEPAL.tokenize(text)).valid


def test_rows_are_read_on() -> None:
    """Rows are one reading from the top: where a plate breaks its line doesn't matter."""
    whole = parse([["A", "1", "7"]], TINYLAND)
    assert whole == parse([["A"], ["1", "7"]], TINYLAND)
    assert whole.fields == {"town": "A", "town_name": "Alphaville", "number": "17"}


def test_fields_stand_in_the_order_of_the_plate() -> None:
    """A record shows fields as the plate does, each with its meaning beside it."""
    parsed = parse([["A", "1", "7"]], TINYLAND)
    assert list(parsed.fields) == ["town", "town_name", "number"]


def one_form(*elements: Element) -> Country:
    labels = sorted({label for element in elements for option in element.options for label in option})
    values = {"name": "x", "labels": {"all": labels}, "forms": []}
    country = country_from_dict(values)
    country.__dict__["forms"] = (Form("only", elements),)
    return country


def element(field: str | None, options: list[str], count: tuple[int, int]) -> Element:
    return Element(field, tuple(tuple(option) for option in options), count, tuple(options), None)


OPTIONS = st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=3, unique=True)
COUNTS = st.sampled_from([(0, 1), (1, 1), (0, 2), (1, 2), (2, 2)])
ELEMENTS = st.builds(element, st.sampled_from(["f", "g", None]), OPTIONS, COUNTS)


@settings(max_examples=50)
@given(st.lists(ELEMENTS, min_size=1, max_size=3))
def test_automaton_is_the_language_of_its_forms(elements: list[Element]) -> None:
    """Even where options begin alike and parts may be missing, exactly the forms' own texts are accepted."""
    grammar = Grammar(one_form(*elements))
    language = {""}
    for part in elements:
        spelt = ["".join(option) for option in part.options]
        repeats = [
            "".join(choice) for n in range(part.count[0], part.count[1] + 1) for choice in product(spelt, repeat=n)
        ]
        language = {head + tail for head in language for tail in repeats}
    candidates = language | {"".join(text) for n in range(4) for text in product("ab", repeat=n)}
    for text in islice(sorted(candidates), 80):
        assert grammar.parse(text).valid == (text in language), text
