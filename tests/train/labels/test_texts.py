"""What labels say of a plate, in the many ways in which people write it."""

from typing import Any

import pytest

from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country
from lpr_train.labels.formats.records import Notes, SourcePlate
from lpr_train.labels.texts import NO_TEXT, NOT_IN_ALPHABET, ROWS_GUESSED, PlateText, TextRules, plate_classes

NEPAL = load_country("nepal")
FLAT, TALL = (120.0, 30.0), (60.0, 40.0)


def _read(
    attributes: dict[str, Any], class_name: str = "plate", size_wh: tuple[float, float] = FLAT, key: str = ""
) -> tuple[PlateText, Notes]:
    notes = Notes()
    return TextRules(NEPAL, key).read(SourcePlate(None, class_name, attributes), size_wh, "a.jpg", notes), notes


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("बा २ प|१२३४", ["बा२प", "१२३४"]),
        ("बा २ प\n१२३४", ["बा२प", "१२३४"]),
        ("बा २ प\\n१२३४", ["बा२प", "१२३४"]),
        ("बा२प / १२३४", ["बा२प", "१२३४"]),
        ("बा.२-प १२३४", ["बा२प१२३४"]),
        ("\ufeffबा\u200b२प१२३४ ", ["बा२प१२३४"]),
        ("ba 2 pa 1234", ["BA2PA1234"]),
        ("बा२प**३४", ["बा२प??३४"]),
    ],
)
def test_rows_are_those_that_were_written(text: str, rows: list[str]) -> None:
    """Rows are parted by line ends, | or /; spaces, dots, hyphens and invisible signs go; * is unreadable."""
    found, _ = _read({"text": text})
    assert list(found.rows) == rows


@pytest.mark.parametrize("key", ["text", "Plate Number", "license-plate", "transcription", "description", "OCR"])
def test_texts_are_found_under_many_names(key: str) -> None:
    """Attributes are called differently by everybody, in any capitals."""
    assert _read({"color": "red", key: "बा२प१२३४"})[0].rows == ("बा२प१२३४",)


def test_an_attribute_of_another_name_that_alone_reads_like_a_plate_is_its_text() -> None:
    """Two such would be a guess too many: then there is no text."""
    assert _read({"nambar": "बा२प१२३४", "vehicle": "bus"})[0].rows == ("बा२प१२३४",)
    assert _read({"nambar": "बा२प१२३४", "old": "बा२प१२३५"})[0].rows == ("?",)


def test_text_from_names_the_one_attribute() -> None:
    """--text-from wins over every other, the class's name included."""
    attributes = {"text": "बा२प१२३४", "second": "को१प७"}
    assert _read(attributes, key="Second")[0].rows == ("को१प७",)
    assert _read({}, "बा२प१२३४", key="second")[0].rows == ("?",)


def test_a_class_may_be_a_text() -> None:
    """YOLO has no other place for it."""
    assert _read({}, "बा२प|१२३४")[0].rows == ("बा२प", "१२३४")


def test_without_a_text_a_plate_is_to_be_found_not_read() -> None:
    """Nobody said that it can't be read, so a detector must find it; the report counts it."""
    found, notes = _read({})
    assert (found.rows, found.legible) == (("?",), "partial")
    assert [note.reason for note in notes.guesses] == [NO_TEXT]


@pytest.mark.parametrize("text", ["###", "unreadable", "?", "??", "N/A"])
def test_illegible_plates_are_marked_so(text: str) -> None:
    """Texts that say that nobody can read it."""
    found, notes = _read({"text": text})
    assert (set("".join(found.rows)), found.legible, notes.guesses) == ({"?"}, "none", [])


def test_a_text_of_another_alphabet_is_left_out_and_the_plate_kept() -> None:
    """The plate still teaches where plates are; the sign is named."""
    found, notes = _read({"text": "ЖК-1234"})
    assert (found.rows, found.legible) == (("?",), "partial")
    (note,) = notes.omissions
    assert note.reason == NOT_IN_ALPHABET
    assert "'Ж'" in note.detail


def test_a_text_in_one_row_on_a_tall_plate_is_cut_before_its_number() -> None:
    """Most such plates have two rows; the report says that it is a guess, and | at the end prevents it."""
    found, notes = _read({"text": "बा २ प १२३४"}, size_wh=TALL)
    assert found.rows == ("बा२प", "१२३४")
    assert [note.reason for note in notes.guesses] == [ROWS_GUESSED]
    assert _read({"text": "बा २ प १२३४|"}, size_wh=TALL)[0].rows == ("बा२प१२३४",)
    assert _read({"text": "१२३४"}, size_wh=TALL)[0].rows == ("१२३४",)


def test_a_country_of_one_row_is_never_cut() -> None:
    """Where no layout has two rows, a tall plate is one that is seen from the side."""
    layouts = [layout for layout in NEPAL.values["layouts"] if len(layout["rows"]) == 1]
    rules = TextRules(Country(NEPAL.values | {"layouts": layouts}))
    assert rules.read(SourcePlate(None, "", {"text": "बा२प१२३४"}), TALL, "a", Notes()).rows == ("बा२प१२३४",)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("बा२प१२३४", "devanagari"), ("BA 2 PA 1234", "latin"), ("ग१य|९७१|GA1YA|971", "both"), ("???", "devanagari")],
)
def test_the_script_is_told_by_the_signs(text: str, kind: str) -> None:
    """Devanagari, Latin, or a plate that has both."""
    assert _read({"text": text})[0].kind == kind


def test_what_attributes_say_is_believed_where_it_can_be() -> None:
    """`legible`, `kind` and `vehicle` are kept; a text with ? is never called full."""
    found, _ = _read({"text": "बा२प?", "legible": "full", "kind": "foreign", "vehicle": "bus"})
    assert (found.legible, found.kind, found.vehicle) == ("partial", "foreign", "bus")


@pytest.mark.parametrize(
    ("names", "forced", "plates", "is_guess"),
    [
        (["car", "license_plate"], (), {"license_plate"}, False),
        (["car", "Number Plate", "bus"], (), {"Number Plate"}, False),
        (["LP", "helmet"], (), {"LP"}, False),
        (["object"], (), {"object"}, True),
        (["car", "bus"], (), set(), False),
        (["car", "bus"], ("Bus",), {"bus"}, False),
        (["बा२प१२३४", "को१प७", "rider"], (), {"बा२प१२३४", "को१प७"}, False),
        ([""], (), {""}, False),
    ],
)
def test_classes_of_plates(names: list[str], forced: tuple[str, ...], plates: set[str], is_guess: bool) -> None:
    """By words, by texts, by --plate-class, or because there is no other class."""
    assert plate_classes(names, TextRules(NEPAL), forced) == (frozenset(plates), is_guess)
