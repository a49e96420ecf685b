"""Accuracy as one HTML file that needs nothing beside it: figures, reliability, every miss with its picture."""

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr_bench.accuracy.diagram import reliability_svg
from lpr_bench.accuracy.misses import draw_miss, is_wrong
from lpr_bench.accuracy.plates import ReadPlate
from lpr_bench.accuracy.reliability import Pair
from lpr_bench.base.page import heading, make_page, paragraph
from lpr_edge.contract.arrays import Image, Quad
from lpr_edge.contract.data import PlatePhoto
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.geometry import grow_quad, is_convex, quad_size, rectify
from lpr_edge.contract.metrics import Matches
from lpr_edge.output.annotate import font_face

LONGEST_SIDE = 640
"""Pixels of a photograph on the page."""
PLATE_WIDTH = 220
"""Pixels of a plate on the page."""
QUALITY = 80
"""JPEG's."""
STYLE = """
body { font: 15px/1.45 plates, system-ui, sans-serif; max-width: 1180px; margin: 2em auto; padding: 0 1em; color: #222 }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
pre { font: 13px/1.35 plates, monospace; overflow-x: auto }
.seen { background: #b3261e; color: #fff; padding: .6em 1em; font-weight: 600 }
.miss { display: flex; flex-wrap: wrap; gap: 1em; border-top: 1px solid #ddd; padding: 1em 0; align-items: flex-start }
.miss img.frame { max-width: 480px; height: auto }
table { border-collapse: collapse }
td { padding: .2em .8em .2em 0; vertical-align: top }
.true { color: #14761b } .read { color: #b3261e } .note { color: #666 }
"""


Wrong = tuple[str, str, str, bytes | None]
"""Of a plate: what is wrong, the truth, what was read, and its picture."""


@dataclass(frozen=True)
class Part:
    """A heading with tables below it."""

    title: str
    text: str
    """As the terminal shows it."""


@dataclass(frozen=True)
class Miss:
    """A photograph on which something is wrong, drawn."""

    name: str
    jpeg: bytes
    rows: tuple[Wrong, ...]


class MissGallery:
    """Keeps the photographs that the device got wrong, small."""

    def __init__(self) -> None:
        self.misses: list[Miss] = []

    def watch(self, photo: PlatePhoto, frame_bgr: Image, found: Sequence[ReadPlate], matches: Matches) -> None:
        """Keep a photograph if anything on it is wrong."""
        if is_wrong(photo.plates, found, matches):
            drawn = _shrink(draw_miss(frame_bgr, photo.plates, found))
            rows = tuple(_wrong_plates(photo, frame_bgr, found, matches))
            self.misses.append(Miss(photo.path.name, _jpeg(drawn), rows))


def _wrong_plates(photo: PlatePhoto, frame_bgr: Image, found: Sequence[ReadPlate], matches: Matches) -> list[Wrong]:
    rows: list[Wrong] = []
    for index, true in matches.pairs:
        label, plate = photo.plates[true], found[index]
        if label.legible == "full" and plate.text != "".join(label.text_rows):
            rows.append(("misread", " ".join(label.text_rows), _told(plate), _plate_picture(frame_bgr, plate.quad_xy)))
    for true in matches.missed:
        label = photo.plates[true]
        if label.legible != "none":
            what = f"not found ({label.kind}, {quad_size(label.quad_xy)[0]:.0f} px)"
            rows.append((what, " ".join(label.text_rows), "–", _plate_picture(frame_bgr, label.quad_xy)))
    alarms = [found[index] for index in matches.false_alarms]
    return rows + [("no plate", "–", _told(plate), _plate_picture(frame_bgr, plate.quad_xy)) for plate in alarms]


def _told(plate: ReadPlate) -> str:
    """What was read, and how surely."""
    if plate.reading is None or not plate.text:
        return plate.text or "nothing"
    valid = "" if plate.reading.parsed.valid else ", not valid"
    return f"{' '.join(plate.reading.rows)} ({plate.reading.confidence:.0%}{valid})"


def _plate_picture(frame_bgr: Image, quad_xy: Quad) -> bytes | None:
    if not is_convex(quad_xy):
        return None
    width, height = quad_size(quad_xy)
    size_hw = (int(np.clip(PLATE_WIDTH * height / max(width, 1.0), 20, PLATE_WIDTH)), PLATE_WIDTH)
    return _jpeg(rectify(frame_bgr, grow_quad(quad_xy, 0.05), size_hw))


def _shrink(picture: Image) -> Image:
    scale = min(1.0, LONGEST_SIDE / max(picture.shape[:2]))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(picture: Image) -> bytes:
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())


def write_page(
    path: Path, title: str, warning: str, parts: Sequence[Part], pairs: Sequence[Pair], misses: Sequence[Miss]
) -> None:
    """Write the page.

    Args:
        path: where to.
        title: of the page.
        warning: shown in red above all figures; empty for none.
        parts: tables.
        pairs: confidences and what became of them, for the reliability diagram.
        misses: photographs with mistakes.

    Raises:
        LprError: the file can't be written.
    """
    body = [paragraph(warning, "seen")] if warning else []
    body += [f"{heading(part.title)}<pre>{html.escape(part.text)}</pre>" for part in parts]
    body.append(heading("Reliability") + reliability_svg(pairs))
    body.append(heading(f"Every miss: {len(misses)} photographs"))
    body.append(paragraph("Green: the truth. Red: what was found. Grey: plates that nobody can read.", "note"))
    body += [_miss_html(miss) for miss in misses]
    text = make_page(title, *body, style=font_face("plates") + STYLE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LprError(f"can't write {path}: {error.strerror or error}. Give another place by --page FILE") from error


def _miss_html(miss: Miss) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(what)}</td><td>{_img(jpeg, 'plate') if jpeg else ''}</td>"
        f'<td><span class="true">{html.escape(truth)}</span><br><span class="read">{html.escape(read)}</span></td></tr>'
        for what, truth, read, jpeg in miss.rows
    )
    table = f"<div><b>{html.escape(miss.name)}</b><table>{rows}</table></div>"
    return f'<div class="miss">{_img(miss.jpeg, "frame")}{table}</div>'


def _img(jpeg: bytes, kind: str) -> str:
    return f'<img class="{kind}" alt="" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'
