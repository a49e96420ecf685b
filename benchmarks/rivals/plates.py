"""The plates that rivals are given, what they answered, and how it is scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpr_bench.report.report_rivals import READERS, reader_row
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.plate_photos import PlateLabel, load_plates
from lpr_edge.contract.geometry import grow_quad, rectify
from lpr_edge.contract.metrics import character_error_rate, share
from lpr_export.report.text_table import format_table


@dataclass(frozen=True)
class Plate:
    """A fully legible plate of the country's script, in its photograph."""

    frame_bgr: Image
    label: PlateLabel

    @property
    def truth(self) -> str:
        """Its rows joined."""
        return "".join(self.label.text_rows)


@dataclass(frozen=True)
class Answers:
    """What a reader said, plate by plate, and what one plate took."""

    name: str
    texts: list[str]
    ms_a_plate: float


def load(data: Path, split: str, country: Country) -> list[Plate]:
    """The fully legible plates of the country's script.

    Raises:
        DataError: there is none.
    """
    found = []
    for photo in load_plates(data, split):
        frame = read_picture(photo.path)
        found += [
            Plate(frame, label) for label in photo.plates if (label.legible, label.kind) == ("full", country.script)
        ]
    if not found:
        raise DataError(f"{data} has no fully legible {country.script} plate in the split {split!r}")
    return found


def cut_out(frame_bgr: Image, quad_xy: Quad, margin: float, size_hw: tuple[int, int]) -> Image:
    """A plate and what lies `margin` around it, upright: what lpr's reader sees, in colour."""
    return rectify(frame_bgr, grow_quad(quad_xy, margin), size_hw)


def signs(text: str, country: Country) -> tuple[str, ...]:
    """The country's labels in a text; what is none of them is left out."""
    found: list[str] = []
    while text:
        label = next((one for one in sorted(country.labels, key=len, reverse=True) if text.startswith(one)), None)
        found += [label] if label else []
        text = text[len(label or "x") :]
    return tuple(found)


def score(answers: Answers, truths: Sequence[str], country: Country) -> dict[str, Any]:
    """Plates read exactly with their 95 % interval, and the character error rate, for a result file."""
    texts = zip(truths, answers.texts, strict=True)
    pairs = [(signs(truth, country), signs(found, country)) for truth, found in texts]
    return {
        "name": answers.name,
        "exact_match": share(sum(truth == found for truth, found in pairs), len(pairs)),
        "character_error_rate": character_error_rate(pairs),
        "ms_a_plate": answers.ms_a_plate,
    }


def format_scores(scores: Sequence[dict[str, Any]]) -> str:
    """A line a reader."""
    rows = [[*reader_row(one), f"{one['ms_a_plate']:.1f}"] for one in scores]
    return format_table([*READERS, "ms a plate"], rows)
