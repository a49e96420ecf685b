import re
from importlib import import_module
from types import ModuleType

import pytest

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.report import html_page
from lpr_edge.contract.report.html_page import (
    LONGEST_REASON,
    TEMPLATES,
    MissedPicture,
    Picture,
    bar_chart,
    bullet_list,
    check_installed,
    data_url,
    heading,
    histogram,
    make_page,
    missed_pictures,
    paragraph,
    pictures,
    preformatted,
    table,
)

HOSTILE = "<script>alert('a & b')</script>"
MACROS = [
    heading(HOSTILE),
    paragraph(HOSTILE),
    bullet_list([HOSTILE]),
    preformatted(HOSTILE, HOSTILE),
    table([HOSTILE], [[HOSTILE]], [HOSTILE]),
    pictures([Picture(data_url(b"1", "png"), HOSTILE)]),
    missed_pictures([MissedPicture(HOSTILE, data_url(b"1", "jpeg"), [(HOSTILE, HOSTILE, HOSTILE, "")])]),
]


@pytest.mark.parametrize("part", MACROS)
def test_texts_are_escaped(part: str) -> None:
    """Whatever stands in a label, a file name or an error message, it is shown as text."""
    assert "&lt;script&gt;" in part
    assert "<script" not in part


def test_parts_can_be_joined() -> None:
    """Parts are joined by `+` without being escaped again, a plot's SVG too, and stand in the page as they are."""
    part = heading("A & B") + bar_chart(["conv"], [1.0], "ms")
    page = make_page("Title & more", part, "")
    assert part in page
    assert "<h2>A &amp; B</h2>" in page
    assert "<title>Title &amp; more</title>" in page


def test_page_needs_no_other_file() -> None:
    """A page has no script, and nothing in it is loaded from elsewhere."""
    page = make_page("t", *MACROS, has_plate_texts=True)
    assert not re.search(r"<script|<link|<iframe|@import|src=\"(?!data:)|url\((?!data:)", page)


def test_invalid_rows_are_marked() -> None:
    """An invalid row is struck out and named INVALID; each reason stands once below, cut where it is very long."""
    long = "x" * (LONGEST_REASON + 1)
    made = table(["a"], [["1"], ["2"], ["3"]], ["", long, long])
    assert made.count('<tr class="invalid">') == made.count("<td>INVALID</td>") == 2
    assert made.count("INVALID: ") == 1
    assert long not in made
    assert "INVALID" not in table(["a"], [["1"]])


def test_fonts_of_plates_come_first() -> None:
    """Named after others, the font of the page isn't there yet where a browser first needs it: an empty box."""
    fonts = re.findall(r"font: \S+ ([^;]+?)[;}]", (TEMPLATES / "page.html").read_text(encoding="utf-8"))
    assert fonts
    assert all(font.startswith("plates, ") for font in fonts)


def test_histogram_counts_what_lies_outside() -> None:
    """Values beyond the limits are counted in the outer bins, and the plot's texts stay texts."""
    assert histogram([-1.0, 0.0, 1.0], 0.1, bins=3).count('<g id="patch_') >= 3
    assert "≥ 0.1" in histogram([0.0], 0.1)


@pytest.mark.parametrize("missing", ["jinja2", "matplotlib"])
def test_missing_package_is_named_early(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Jinja2 or matplotlib a command says so before it works for minutes, with what to install."""

    def find(name: str) -> ModuleType:
        if name == missing:
            raise ModuleNotFoundError(name=name)
        return import_module(name)

    monkeypatch.setattr(html_page, "import_module", find)
    with pytest.raises(LprError, match=rf"needs {missing}: pip install 'lpr\[report\]'"):
        check_installed()
