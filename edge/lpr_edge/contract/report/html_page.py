"""Self-contained HTML pages of reports: Jinja2 templates for the page and its parts, matplotlib for plots as SVG.

A part is a `str` of HTML that is safe to put into a page; every text in it is escaped.
"""

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from lpr_edge.contract.base.errors import needing_extra
from lpr_edge.contract.base.plate_font import font_face

TEMPLATES = Path(__file__).with_name("templates")
LONGEST_REASON = 400
"""Characters of a reason for invalidity that the page shows; the result file has all of it."""


@dataclass(frozen=True)
class Picture:
    """A picture with its caption."""

    source: str
    """A data URL, as `data_url` makes it."""
    caption: str
    is_marked: bool = False
    """Whether it has a red frame."""


@dataclass(frozen=True)
class MissedPicture:
    """A photograph with its errors."""

    name: str
    source: str
    rows: Sequence[tuple[str, str, str, str]]
    """(kind of error, true text, read text, data URL of the plate or empty)."""


def check_installed() -> None:
    """Import what pages need, so that a missing package is reported before a long run.

    Raises:
        LprError: Jinja2 or matplotlib isn't installed.
    """
    _load("jinja2")
    _load("matplotlib")


def _load(name: str) -> ModuleType:
    with needing_extra("the report", name, "report"):
        return import_module(name)


@cache
def _environment() -> Any:
    jinja2 = _load("jinja2")
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def _part(macro: str, *values: Any) -> str:
    """Render a macro of parts.html, as a plain `str`: adding to Jinja2's own type would escape what is added."""
    return str(getattr(_environment().get_template("parts.html").module, macro)(*values))


def make_page(title: str, *parts: str, has_plate_texts: bool = False) -> str:
    """Make a whole page.

    Args:
        title: of the page, and its first heading.
        parts: made by the functions of this module; empty ones are left out.
        has_plate_texts: include the font for plate texts.

    Raises:
        LprError: Jinja2 isn't installed.
    """
    safe = _load("markupsafe").Markup
    font = safe(font_face("plates")) if has_plate_texts else ""
    page: str = (
        _environment().get_template("page.html").render(title=title, parts=list(map(safe, parts)), font_face=font)
    )
    return page


def heading(text: str, level: int = 2) -> str:
    """A heading; level 1 is the page's title."""
    return _part("heading", text, level)


def paragraph(text: str, mark: str = "") -> str:
    """A paragraph; `mark` is a class of the page's style: `note`, `passed`, `failed`, `warning`, `projection`."""
    return _part("paragraph", text, mark)


def bullet_list(lines: Sequence[str]) -> str:
    """A list."""
    return _part("bullet_list", lines)


def preformatted(text: str, summary: str = "") -> str:
    """Text with its line breaks; folded away under `summary` if that is given."""
    return _part("preformatted", text, summary)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], invalid: Sequence[str] = ()) -> str:
    """A table, with a column for validity if a row is invalid.

    Args:
        header: of the columns.
        rows: the cells, as text.
        invalid: for each row the reason why it may not be quoted, empty for a valid one. Invalid rows are struck out,
            and each reason stands once below the table.
    """
    reasons = list(invalid) or [""] * len(rows)
    notes = [_shortened(why) for why in dict.fromkeys(reasons) if why]
    return _part("table", header, rows, reasons, notes)


def _shortened(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]} …"


def wide_picture(source: str, description: str = "") -> str:
    """A picture of its own width, given as a data URL; `description` is for those who can't see it."""
    return _part("wide_picture", source, description)


def pictures(items: Sequence[Picture]) -> str:
    """Pictures with captions, several in a row."""
    return _part("pictures", items)


def missed_pictures(items: Sequence[MissedPicture]) -> str:
    """Photographs with their errors, one below the other."""
    return _part("misses", items)


def data_url(image: bytes, kind: str) -> str:
    """An encoded picture as a URL; `kind` is `png` or `jpeg`."""
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def new_plot(width: float = 9.0, height: float = 3.6) -> tuple[Any, Any]:
    """An empty figure and its axes; sizes in inches.

    Raises:
        LprError: matplotlib isn't installed.
    """
    matplotlib = _load("matplotlib")
    matplotlib.use("svg")
    # Text stays text, so that it can be searched and copied, and the same input gives the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "lpr", "font.size": 9.0})
    figure = import_module("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def to_svg(figure: Any) -> str:
    """A figure as an SVG element for a page of HTML5, which needs neither namespaces nor metadata: no address in it."""
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r"<metadata>.*?</metadata>|\sxmlns(:\w+)?=\"[^\"]*\"", "", written.getvalue(), flags=re.DOTALL)
    return text[text.index("<svg") :]


def standalone_svg(element: str) -> str:
    """An SVG element of `to_svg` as a file of its own, which needs the namespaces that a page does without."""
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return element.replace("<svg ", f"<svg {names} ", 1)


def histogram(values: Sequence[float], limit: float, bins: int = 41) -> str:
    """A histogram from -limit to limit; values outside are counted in the outer bins."""
    figure, axes = new_plot(height=2.4)
    axes.hist([min(max(value, -limit), limit) for value in values], bins=bins, range=(-limit, limit))
    axes.set_xticks([-limit, 0, limit], [f"≤ {-limit:g}", "0", f"≥ {limit:g}"])
    return to_svg(figure)


def bar_chart(names: Sequence[str], values: Sequence[float], unit: str) -> str:
    """A horizontal bar for each name, with its value."""
    figure, axes = new_plot(height=0.6 + 0.22 * len(names))
    bars = axes.barh(range(len(names)), values)
    axes.bar_label(bars, [f"{value:.3g} {unit}" for value in values], padding=3)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    return to_svg(figure)
