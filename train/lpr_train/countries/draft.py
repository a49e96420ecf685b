"""A country's first TOML file, with a comment for each part."""

import json
from collections.abc import Iterable, Sequence

from lpr_train.countries.answers import Answers, Field, PlateColour, PlateForm

HEAD = """\
# {title}: what its plates say and how they look. lpr-train new-country wrote this file; edit it as you learn more.
# Look at it: lpr-train preview --country {name}.toml --out plates.png
"""
LABELS = """\
[labels]
# One label is one painted sign. The order is the order of a reader's outputs: append, never insert.
"""
TABLE = """\
# Labels with a meaning: an element takes them with `from = "states"`, and the record says `state_name`, too.
# [states]
# AB = "First State"
"""
FORMS = """\
# The readings that a plate allows. An element takes `from` a group of labels or a table, `count` of them.
# `field` names it in the record; an element with `any_of = ["TEXT"]` and no field is decoration.
"""
LAYOUTS = """\
# How forms are painted: fields in braces, a text for each row, marks as drawn; `scale` is the height of each row
# compared with the tallest. `weight` is the layout's share of plates.
"""
COLOURS = """\
# Paints as RGB, and their shares. `classes` and `forms` bind one to labels or forms; `pressed = true` is embossed.
"""
RENDER = """\
# What the renderer draws with: families of `fontpkg-*` packages. A sticker, a header and a painted alphabet may follow.
"""


def country_text(answers: Answers) -> str:
    """The file's text."""
    digits_need_latin = not all(digit.isascii() for digit in answers.digits)
    parts = [
        HEAD.format(title=answers.title, name=answers.name),
        f"name = {_text(answers.name)}\ntitle = {_text(answers.title)}\nlanguage = {_text(answers.language)}\n",
        f"{LABELS}digits = {_texts(answers.digits)}\nletters = {_texts(answers.letters)}\n",
        *([_latin(answers.digits)] if digits_need_latin else []),
        TABLE,
        FORMS + "\n".join(_form(name, fields) for name, fields in _forms(answers.forms).items()),
        LAYOUTS + "\n".join(_layout(answers.forms, form) for form in answers.forms),
        COLOURS + "\n".join(map(_colour, answers.colours)),
        f"{RENDER}[render]\nfonts = [\n{''.join(map(_font, answers.fonts))}]\n",
    ]
    return "\n".join(parts)


def _forms(forms: Sequence[PlateForm]) -> dict[str, tuple[Field, ...]]:
    """Each distinct sequence of fields, by the name of its form."""
    return {_name(forms, form): form.fields for form in forms}


def _name(forms: Sequence[PlateForm], form: PlateForm) -> str:
    different = list(dict.fromkeys(known.fields for known in forms))
    number = different.index(form.fields)
    return "usual" if number == 0 else f"usual {number + 1}"


def _form(name: str, fields: Iterable[Field]) -> str:
    elements = "".join(
        f'    {{ field = "{field.name}", from = "{field.group}", count = [{field.count[0]}, {field.count[1]}] }},\n'
        for field in fields
    )
    return f"[[forms]]\nname = {_text(name)}\nelements = [\n{elements}]\n"


def _layout(forms: Sequence[PlateForm], form: PlateForm) -> str:
    scale = ", ".join("1.0" for _ in form.rows)
    return (
        f"[[layouts]]\nform = {_text(_name(forms, form))}\nweight = 1\nrows = {_texts(form.rows)}\nscale = [{scale}]\n"
    )


def _colour(colour: PlateColour) -> str:
    return (
        f"[[colours]]\nname = {_text(colour.name)}\nplate = {list(colour.plate)}\ntext = {list(colour.text)}\n"
        f"weight = {colour.weight:g}\n"
    )


def _font(font: tuple[str, int, int]) -> str:
    family, weight, width = font
    narrow = "" if width == 100 else f", width = {width}"
    return f"    {{ family = {_text(family)}, weight = {weight}{narrow} }},\n"


def _latin(digits: Sequence[str]) -> str:
    rows = "".join(f"{_text(digit)} = {_text(str(number))}\n" for number, digit in enumerate(digits))
    return f"[latin]\n# Transliteration, label by label; a label not listed stands for itself.\n{rows}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _texts(texts: Iterable[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)
