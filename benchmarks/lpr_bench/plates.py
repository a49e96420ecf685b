"""Accuracy on photographs of plates, whole frames: what is found, and what is read of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lpr_edge.contract.arrays import Image, Quad
from lpr_edge.contract.data import PlateLabel, PlatePhoto, read_picture
from lpr_edge.contract.geometry import quad_iou, quad_size
from lpr_edge.contract.metrics import Matches, match_plates

LEAST_IOU = 0.5
"""Overlap of found and true corners from which a plate counts as found."""

WIDTHS_PX = (40, 80, 160)
"""Limits between the groups of plate widths, in pixels of the photograph."""


@dataclass(frozen=True)
class ReadPlate:
    """A plate that the device found and read."""

    quad_xy: Quad
    """(4, 2) corners in pixels of the photograph."""
    text: str
    """Rows joined."""


@dataclass(frozen=True)
class PlateOutcome:
    """What became of one labelled plate."""

    image: str
    """The photograph's file name."""
    truth: str
    """Rows joined, without a decorative header; `?` where nobody can read it."""
    rows: int
    width_px: float
    legible: str
    """`full`, `partial` or `none`."""
    kind: str
    iou: float | None
    """With what was found there; None where nothing was."""
    read: str | None
    """What was read there; None where nothing was found."""

    @property
    def found(self) -> bool:
        """Whether the detector found it."""
        return self.iou is not None

    @property
    def exact(self) -> bool:
        """Whether it was found and read without a mistake."""
        return self.read == self.truth

    @property
    def width_group(self) -> str:
        """Its group of widths, as tables name it."""
        limits = (0, *WIDTHS_PX)
        low = max(limit for limit in limits if self.width_px >= limit)
        above = [limit for limit in WIDTHS_PX if limit > low]
        if low == 0:
            return f"< {above[0]} px"
        return f"{low}–{above[0]} px" if above else f">= {low} px"


@dataclass(frozen=True)
class PlatesOutcome:
    """What became of every plate of a split, and what was found where none is."""

    plates: tuple[PlateOutcome, ...]
    false_alarms: tuple[tuple[str, str], ...]
    """(photograph, text read there) of each thing found that is no plate."""
    photos: int

    @property
    def wanted(self) -> tuple[PlateOutcome, ...]:
        """Plates that the detector must find: those with at least one readable character."""
        return tuple(plate for plate in self.plates if plate.legible != "none")


def score_photos(
    photos: Sequence[PlatePhoto],
    find: Callable[[Image], Sequence[ReadPlate]],
    watch: Callable[[PlatePhoto, Image, Sequence[ReadPlate], Matches], None] | None = None,
) -> PlatesOutcome:
    """Run the device's code over labelled photographs and compare.

    Args:
        photos: what to read.
        find: the device: plates of a BGR frame.
        watch: told of every photograph that was scored.

    Raises:
        DataError: a photograph is missing or can't be decoded: a figure without it would be another figure.
    """
    plates: list[PlateOutcome] = []
    false_alarms: list[tuple[str, str]] = []
    for photo in photos:
        frame = read_picture(photo.path)
        found = find(frame)
        matches = match_plates([plate.quad_xy for plate in found], [plate.quad_xy for plate in photo.plates], LEAST_IOU)
        plates += _outcomes(photo, found, matches)
        false_alarms += [(photo.path.name, found[i].text) for i in matches.false_alarms]
        if watch:
            watch(photo, frame, found, matches)
    return PlatesOutcome(tuple(plates), tuple(false_alarms), len(photos))


def _outcomes(photo: PlatePhoto, found: Sequence[ReadPlate], matches: Matches) -> list[PlateOutcome]:
    found_at = {true: found[index] for index, true in matches.pairs}
    return [_outcome(photo.path.name, label, found_at.get(index)) for index, label in enumerate(photo.plates)]


def _outcome(image: str, label: PlateLabel, found: ReadPlate | None) -> PlateOutcome:
    return PlateOutcome(
        image,
        "".join(label.text_rows),
        len(label.text_rows),
        quad_size(label.quad_xy)[0],
        label.legible,
        label.kind,
        quad_iou(found.quad_xy, label.quad_xy) if found else None,
        found.text if found else None,
    )
