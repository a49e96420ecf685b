"""`lpr-train new-country`: a country's file and a preview, from flags or answers."""

import json
import shutil
from argparse import Namespace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tools.docs.new_country import page_command

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import parse_toml
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import country_from_dict
from lpr_edge.text.grammar import Grammar
from lpr_train.app.cli import build_parser, main
from lpr_train.countries.answers import read_colour, read_font, read_form, read_name, read_script, read_signs
from lpr_train.countries.commands import collect_answers
from lpr_train.countries.draft import country_text
from lpr_train.render.plate.plates import PlateRenderer


def flags(*words: str) -> Namespace:
    arguments = ["new-country", *words]
    return build_parser(arguments).parse_args(arguments)


def test_the_pages_command_builds_india(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command of docs/new-country.md writes a file whose grammar reads `BR 30 U 7969`, and a preview."""
    monkeypatch.chdir(tmp_path)
    assert main(page_command(repository)) == 0
    india = load_country("india.toml")
    parsed = Grammar(india).parse(india.tokenize("BR 30 U 7969"))
    assert (parsed.valid, parsed.fields["state"], parsed.fields["number"]) == (True, "BR", "7969")
    assert not Grammar(india).parse(india.tokenize("B 30 U 7969")).valid
    assert [len(layout.rows) for layout in india.layouts] == [1, 2]
    assert cv2.imread("india.png") is not None


def test_an_edited_file_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there stays as it is, and the message names it."""
    out = tmp_path / "mine.toml"
    out.write_text("mine", encoding="utf-8")
    assert main(["new-country", "mine", "--form", "{number:99}", "--out", str(out)]) == 1
    assert "mine.toml exists already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_questions_ask_for_what_no_flag_says() -> None:
    """A person is asked for script, letters, forms, colours and fonts; an empty answer takes the default."""
    said = iter(["devanagari", "", "{zone:A}|{number:9-9999}", "", "#102030:white", "", ""])
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return next(said)

    answers = collect_answers(flags("atlantis"), answer)
    assert (answers.title, answers.letters[0], answers.digits[1]) == ("Atlantis", "क", "१")
    assert answers.forms == (read_form("{zone:A}|{number:9-9999}"),)
    assert [(colour.name, colour.plate) for colour in answers.colours] == [("102030", (16, 32, 48))]
    assert [question.split()[0] for question in asked] == ["Script", "Letters", "A", "A", "A", "A", "A"]
    country = country_from_dict(parse_toml(country_text(answers)))
    assert country.transliterate(("१", "२")) == "12"
    rendered = PlateRenderer(country).render(np.random.default_rng(1))
    assert len(rendered.rows) == 2


def test_forms_of_the_same_fields_are_one() -> None:
    """Two layouts of the same fields share a form; others get one of their own."""
    words = ("--form", "{a:A} {n:9}", "--form", "{a:A}|{n:9}", "--form", "{n:9} {a:A}")
    country = country_from_dict(parse_toml(country_text(collect_answers(flags("x", *words)))))
    assert [form.name for form in country.forms] == ["usual", "usual 2"]
    assert [layout.form for layout in country.layouts] == ["usual", "usual", "usual 2"]


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_name, "In dia", "can't be a country's name: give lower-case"),
        (read_script, "runes", "no script 'runes': known are latin, devanagari"),
        (read_signs, "AAB", "one twice"),
        (read_form, "AA 99", r"the form 'AA 99' can't be read: .*\{name:AA\}"),
        (read_form, "{a:A} {a:9}", "give each field once"),
        (read_form, "{a:AA-A}", "goes from more to fewer"),
        (read_colour, "pink:black", "the colour 'pink:black' can't be read: .* white, black"),
        (read_colour, "white", "such as white:black:9"),
        (read_font, "Teko:thick", "the font 'Teko:thick' can't be read"),
    ],
)
def test_answers_that_cannot_be_read(read: Any, text: str, message: str) -> None:
    """An answer that can't be read is an error that shows how one is written."""
    with pytest.raises(LprError, match=message):
        read(text)


def test_a_country_needs_a_form(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a form and without a terminal to ask on, the message shows how one is given."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert main(["new-country", "nowhere"]) == 1
    assert "a country needs a form: give --form '{region:A} {number:9999}'" in capsys.readouterr().err


@pytest.mark.slow
def test_india_from_nothing_to_a_reading(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """India's file, one epoch of its reader, its export, and a record of a rendered plate in India's alphabet."""
    from lpr_edge.app.cli import main as lpr_edge
    from lpr_export.app.cli import main as lpr_export

    monkeypatch.chdir(tmp_path)
    assert main(page_command(repository)) == 0
    short = [
        "--epochs",
        "1",
        "--steps-per-epoch",
        "3",
        "--batch-size",
        "8",
        "--representative",
        "48",
        "--heldout",
        "12",
    ]
    assert main(["reader", "--country", "india.toml", "--out", "reader", *short]) == 0
    waived = ["--max-drop", "100", "--allow-small", "--min-accuracy", "0"]
    assert lpr_export(["--int8", "reader", "--out", "models", *waived]) == 0
    plate = PlateRenderer(load_country("india.toml")).render(np.random.default_rng(2), text="BR 30 U 7969")
    cv2.imwrite("plate.png", plate.image_bgr)
    shutil.rmtree("reader")
    capsys.readouterr()
    assert lpr_edge(["--crops", "plate.png", "--reader", "models/reader.int8.tflite"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["source"] == "plate.png"
    assert set(record["text"]) <= set("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ")
