"""A web page in one file: tables, plots as SVG, no script and nothing from elsewhere."""

import io
from collections.abc import Sequence
from html import escape
from importlib import import_module
from typing import Any

from lpr_edge.contract.errors import LprError

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; border-top: 1px solid #ccc; padding-top: 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
tr.invalid td { color: #999; text-decoration: line-through; }
tr.invalid td:last-child, .invalid-note { color: #b00; text-decoration: none; font-weight: 600; font-size: .85rem; }
.projection { background: #fff4d6; border-left: .4rem solid #e0a800; padding: .6rem 1rem; }
svg { max-width: 100%; height: auto; }
"""


LONGEST_NOTE = 400
"""Signs of a reason that the page shows."""


def make_page(title: str, *parts: str, style: str = STYLE) -> str:
    """The whole page.

    Args:
        title: of the page, and its first heading.
        parts: HTML, one below the other.
        style: CSS in place of `STYLE`.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n<body><h1>{escape(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def heading(text: str) -> str:
    """A section begins."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str, mark: str = "") -> str:
    """Text; `mark` is a class of `STYLE`."""
    return f'<p class="{mark}">{escape(text)}</p>' if mark else f"<p>{escape(text)}</p>"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], invalid: Sequence[str] = ()) -> str:
    """A table with a column for validity.

    Args:
        header: of the columns.
        rows: the cells, as text.
        invalid: for each row why it may not be quoted, empty where it may; rows with a reason are struck out, and each
            reason stands once below the table.
    """
    reasons = list(invalid) or [""] * len(rows)
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    lines = [f"<tr>{head}{'<th></th>' if any(reasons) else ''}</tr>"]
    for row, why in zip(rows, reasons, strict=True):
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        note = "<td>INVALID</td>" if why else "<td></td>" * any(reasons)
        lines.append(f"<tr{' class=invalid' * bool(why)}>{cells}{note}</tr>")
    notes = [paragraph(f"INVALID: {_shorten(why)}", "invalid-note") for why in dict.fromkeys(reasons) if why]
    return "\n".join(["<table>", *lines, "</table>", *notes])


def _shorten(text: str) -> str:
    """The result file has the whole."""
    return text if len(text) <= LONGEST_NOTE else text[:LONGEST_NOTE] + " …"


def new_plot(width: float = 9.0, height: float = 3.6) -> tuple[Any, Any]:
    """An empty figure and its axes.

    Raises:
        LprError: matplotlib is not installed.
    """
    try:
        matplotlib = import_module("matplotlib")
    except ModuleNotFoundError as error:
        raise LprError("the report draws with matplotlib: pip install 'lpr[report]'") from error
    matplotlib.use("svg")
    # Text stays text, so that it can be searched and copied, and the same input gives the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "lpr", "font.size": 9.0})
    figure = import_module("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def to_svg(figure: Any) -> str:
    """The figure as an element of the page."""
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = written.getvalue()
    return text[text.index("<svg") :]
