"""The HTML page of an exploration, with embedded images."""

from collections.abc import Sequence
from pathlib import Path

from lpr_edge.contract.report.html_page import bullet_list, data_url, heading, make_page, wide_picture

PLATES = "plates.png"
SECTIONS = {
    "counts.png": "Pictures of each class",
    "samples.png": "Training samples of each class, from all over its folder",
    "sizes.png": "Sizes",
    "duplicates.png": "Copies, byte for byte; red where they cross the split or the classes",
    PLATES: "Training plates of each source, rectified, with their first two rows",
}
"""Image -> its heading."""


def write_page(lines: Sequence[str], out: Path, names: Sequence[str] = tuple(SECTIONS)) -> None:
    """Write `index.html` into a folder, with that folder's images embedded.

    Args:
        lines: text above the images.
        out: folder with the images.
        names: which of `SECTIONS` are there.

    Raises:
        LprError: Jinja2 isn't installed.
    """
    sections = [
        part
        for name, title in SECTIONS.items()
        if name in names
        for part in (heading(title), wide_picture(data_url((out / name).read_bytes(), "png"), title))
    ]
    page = make_page("Data", bullet_list(lines), *sections, has_plate_texts=True)
    (out / "index.html").write_text(page, encoding="utf-8")
