"""The HTML page of an exploration, with embedded images."""

import base64
import html
from collections.abc import Sequence
from pathlib import Path

PLATES = "plates.png"
SECTIONS = {
    "counts.png": "Pictures of each class",
    "samples.png": "Training samples of each class, from all over its folder",
    "sizes.png": "Sizes",
    "duplicates.png": "Copies, byte for byte; red where they cross the split or the classes",
    PLATES: "Training plates of each source, rectified, with their first two rows",
}
"""Image -> its heading."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>lpr: data</title>
<style>
body {{
  font: 16px/1.5 system-ui, "Noto Sans Devanagari", sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
}}
img {{ max-width: 100% }}
</style>
<h1>Data</h1>
<ul>
{lines}
</ul>
{sections}
</html>
"""


def write_page(lines: Sequence[str], out: Path, names: Sequence[str] = tuple(SECTIONS)) -> None:
    """Write `index.html` into a folder, with that folder's images embedded.

    Args:
        lines: text above the images.
        out: folder with the images.
        names: which of `SECTIONS` are there.
    """
    items = "\n".join(f"<li>{html.escape(line)}</li>" for line in lines)
    sections = "\n".join(_section(out / name, heading) for name, heading in SECTIONS.items() if name in names)
    (out / "index.html").write_text(PAGE.format(lines=items, sections=sections), encoding="utf-8")


def _section(picture: Path, heading: str) -> str:
    data = base64.b64encode(picture.read_bytes()).decode("ascii")
    title = html.escape(heading)
    return f'<h2>{title}</h2>\n<img alt="{title}" src="data:image/png;base64,{data}">'
