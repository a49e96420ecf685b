"""`lpr-train new-country`: its flags, its questions, and the files that it writes."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from lpr_edge.contract.base.errors import LprError
from lpr_train.countries.answers import (
    SCRIPTS,
    Answers,
    read_colour,
    read_font,
    read_form,
    read_name,
    read_script,
    read_signs,
)

T = TypeVar("T")
FORM = "{name:AA} for letters, {name:9-9999} for one to four digits, | between rows"
PICTURES = 24
"""In the preview."""


def add_command(commands: Any) -> None:
    """Add it to the parser of `lpr-train`."""
    parser = commands.add_parser(
        "new-country",
        help="write a country's file from answers, and a preview of its plates",
        description="Write a country's TOML file and a preview. On a terminal, what no flag answers is asked.",
    )
    add = parser.add_argument
    add("name", metavar="NAME", help="lower case, such as india")
    add("--title", default="", metavar="TEXT", help="the country's name for people (default: NAME)")
    add("--script", default="", metavar="NAME", help=f"{' or '.join(SCRIPTS)} (default: latin)")
    add("--letters", default="", metavar="TEXT", help="the letters that stand on plates (default: the script's)")
    add("--digits", default="", metavar="TEXT", help="the digits, 0 first (default: the script's)")
    add("--form", action="append", default=[], metavar="TEXT", help=f"a plate's fields: {FORM}; may be repeated")
    add(
        "--colour",
        action="append",
        default=[],
        metavar="PLATE:TEXT[:WEIGHT]",
        help="names or #rrggbb, and the share; may be repeated (default: white:black)",
    )
    add(
        "--font",
        action="append",
        default=[],
        metavar="FAMILY:WEIGHT",
        help="of a fontpkg-* package; may be repeated (default: some for the script)",
    )
    add("--out", type=Path, metavar="FILE", help="the country's file, a new one (default: NAME.toml)")
    add("--preview", type=Path, metavar="PNG", help="picture of rendered plates (default: the file's name with .png)")
    parser.set_defaults(act=_new_country)


def _new_country(parsed: argparse.Namespace) -> int:
    out: Path = parsed.out or Path(f"{parsed.name}.toml")
    picture: Path = parsed.preview or out.with_suffix(".png")
    if out.exists():
        raise LprError(f"{out} exists already: edit it, or give --out another file")
    answers = collect_answers(parsed, ask if sys.stdin.isatty() else None)
    write_country(answers, out, picture)
    print(f"{answers.title}: {out}, and {PICTURES} of its plates in {picture}")
    print(f"Next: edit {out}, then lpr-train reader --country {out} --out runs/reader")
    return 0


def ask(question: str) -> str:
    """Ask a question on the terminal; an empty answer is an empty text."""
    print(question, end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def collect_answers(parsed: argparse.Namespace, question: Callable[[str], str] | None = None) -> Answers:
    """Answers from flags, and from a person for missing flags.

    Args:
        parsed: the flags.
        question: asks a person; None where nobody is there.

    Raises:
        LprError: an answer can't be read, or no form was given.
    """
    name = read_name(parsed.name)
    script = read_script(parsed.script or _one(question, f"Script ({', '.join(SCRIPTS)}) [latin]:") or "latin")
    letters = parsed.letters or _one(question, f"Letters on plates [{''.join(script.letters)}]:")
    forms = _many(parsed.form, read_form, question, f"A form of plates ({FORM}; empty to end):")
    if not forms:
        raise LprError("a country needs a form: give --form '{region:A} {number:9999}', as its plates are written")
    return Answers(
        name,
        parsed.title or name.capitalize(),
        script.language,
        read_signs(parsed.digits) if parsed.digits else script.digits,
        read_signs(letters) if letters else script.letters,
        forms,
        _many(
            parsed.colour, read_colour, question, "A colour (PLATE:TEXT:WEIGHT, such as white:black:9; empty to end):"
        )
        or (read_colour("white:black"),),
        _many(parsed.font, read_font, question, "A font (FAMILY:WEIGHT; empty to end):")
        or tuple(map(read_font, script.fonts)),
    )


def write_country(answers: Answers, out: Path, picture: Path) -> None:
    """Write the file and the preview, both or none.

    Raises:
        LprError: a font is missing, no font draws a sign, or a file can't be written.
    """
    import cv2

    from lpr_edge.contract.base.text_files import parse_toml
    from lpr_edge.contract.country import country_from_dict
    from lpr_train.countries.draft import country_text
    from lpr_train.render.scene.preview import contact_sheet

    text = country_text(answers)
    sheet = contact_sheet("plates", country_from_dict(parse_toml(text)), 1, PICTURES)
    try:
        picture.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise LprError(f"{error.filename} can't be written: {error.strerror}. Give --out another file.") from error


def _one(question: Callable[[str], str] | None, text: str) -> str:
    return question(text) if question else ""


def _many(
    given: Sequence[str], read: Callable[[str], T], question: Callable[[str], str] | None, text: str
) -> tuple[T, ...]:
    """Values of flags, else answers until an empty one."""
    if given or question is None:
        return tuple(map(read, given))
    return tuple(map(read, iter(lambda: question(text), "")))
