"""Score detections and readings on labelled photographs of plates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto
from lpr_edge.contract.geometry import quad_iou, quad_size, signed_area
from lpr_edge.contract.metrics import Matches, match_plates, width_band
from lpr_edge.contract.rows import labels_of
from lpr_edge.vision.plates import Reading
from lpr_export.report.progress import show_progress

MIN_IOU = 0.5
"""Minimum IoU with the ground truth of a found plate."""

LATIN, OWN = "latin", "own"
"""Scripts of readings: ASCII characters, and the country's other ones."""


@dataclass(frozen=True)
class ReadPlate:
    """A detected plate with its reading."""

    quad_xy: Quad
    """(4, 2) corners in pixels of the photograph."""
    text: str
    """Rows joined."""
    reading: Reading | None = None
    """The full reading; None if only the text is known."""


@dataclass(frozen=True)
class PlateTraits:
    """Properties of a labelled plate other than its text."""

    form: str = ""
    """Form of the country's grammar; empty if the text has none or isn't completely legible."""
    colour: str = ""
    """Measured colour, of the country's ones; empty if it can't be measured."""
    sharpness: float | None = None
    """See `plate_traits.sharpness`; None if it can't be measured."""
    seen: bool = False
    """Whether a network that read it was trained on it."""


@dataclass(frozen=True)
class Place:
    """Position of a labelled plate."""

    source: str = ""
    """Source of the photograph, from the labels."""
    width_share: float = 1.0
    """Width relative to the photograph's width."""
    fill: float = 1.0
    """Share of its upright bounding box that the plate fills; smaller for a rotated one."""
    has_corners: bool = True
    """False if only a loose box around the plate is known."""
    is_crop: bool = False
    """Whether the picture is a plate crop, which is read at the label's corners."""


@dataclass(frozen=True)
class PlateOutcome:
    """Ground truth and result of one labelled plate."""

    image: str
    """The photograph's file name."""
    truth: str
    """Rows joined, without a decorative header; `?` for an illegible character."""
    rows: int
    width_px: float
    legible: str
    """`full`, `partial` or `none`."""
    kind: str
    iou: float | None
    """IoU with the detection; None for a false negative."""
    read: str | None
    """Read text; None for a false negative."""
    plate: int = 0
    """Index among the photograph's plates."""
    confidence: float | None = None
    """Confidence of the reading; None for a false negative."""
    script: str | None = None
    """Script of the reading, with the names of `kind`; None without text."""
    traits: PlateTraits = field(default_factory=PlateTraits)
    place: Place = field(default_factory=Place)

    @property
    def found(self) -> bool:
        """Whether the detector found it."""
        return self.iou is not None

    @property
    def is_to_find(self) -> bool:
        """Whether it counts as false negative if it isn't detected."""
        return self.legible != "none" and self.place.has_corners and not self.place.is_crop

    @property
    def exact(self) -> bool:
        """Whether it was read exactly."""
        return self.read == self.truth

    @property
    def width_group(self) -> str:
        """Name of its width band in tables."""
        return width_band(self.width_px)


@dataclass(frozen=True)
class PlatesOutcome:
    """Results of every plate of a split, and all false positives."""

    plates: tuple[PlateOutcome, ...]
    false_positives: tuple[tuple[str, str], ...]
    """(photograph, read text) of each false positive."""
    photos: int
    sources: Mapping[str, str] = field(default_factory=dict)
    """File name of a photograph -> its source."""

    @property
    def wanted(self) -> tuple[PlateOutcome, ...]:
        """Plates that count in recall: with at least one legible character and known corners."""
        return tuple(plate for plate in self.plates if plate.is_to_find)

    def of_source(self, source: str) -> "PlatesOutcome":
        """The part of the outcome that comes from one source."""
        names = {name: own for name, own in self.sources.items() if own == source}
        return PlatesOutcome(
            tuple(plate for plate in self.plates if plate.image in names),
            tuple(alarm for alarm in self.false_positives if alarm[0] in names),
            len(names),
            names,
        )


PlateFinder = Callable[[PlatePhoto, Image], Sequence[ReadPlate]]
"""Returns the plates of a photograph, given its frame (H, W, 3) uint8 BGR."""
PhotoObserver = Callable[[PlatePhoto, Image, Sequence[ReadPlate], Matches], None]


def score_photos(
    photos: Sequence[PlatePhoto],
    find: PlateFinder,
    observers: Sequence[PhotoObserver] = (),
    describe: Callable[[PlatePhoto, PlateLabel, Image], PlateTraits] | None = None,
) -> PlatesOutcome:
    """Run the device's code on labelled photographs and compare its results with the labels.

    Args:
        photos: labelled photographs.
        find: the device's code.
        observers: called with every photograph that was scored.
        describe: returns a labelled plate's traits.

    Raises:
        DataError: a photograph is missing or can't be decoded; without it the result would be of another split.
    """
    plates: list[PlateOutcome] = []
    false_positives: list[tuple[str, str]] = []
    for photo in show_progress(photos, "reading photographs"):
        frame = read_picture(photo.path)
        found = find(photo, frame)
        matches = match_labels(found, photo.plates)
        traits = [describe(photo, label, frame) if describe else PlateTraits() for label in photo.plates]
        places = [_place_of(photo, label, frame) for label in photo.plates]
        plates += _outcomes(photo, found, matches, list(zip(traits, places, strict=True)))
        false_positives += [(photo.path.name, found[i].text) for i in matches.false_positives]
        for observe in observers:
            observe(photo, frame, found, matches)
    sources = {photo.path.name: photo.source for photo in photos}
    return PlatesOutcome(tuple(plates), tuple(false_positives), len(photos), sources)


def match_labels(readings: Sequence[ReadPlate], labels: Sequence[PlateLabel]) -> Matches:
    """Match detections with labels by IoU; with a label that is a loose box, by the detection's centre."""
    loose = [index for index, label in enumerate(labels) if not label.has_corners]
    return match_plates([plate.quad_xy for plate in readings], [label.quad_xy for label in labels], MIN_IOU, loose)


def _place_of(photo: PlatePhoto, label: PlateLabel, frame_bgr: Image) -> Place:
    box = float(np.prod(np.ptp(label.quad_xy, axis=0)))
    fill = abs(signed_area(label.quad_xy)) / box if box else 0.0
    width_share = quad_size(label.quad_xy)[0] / frame_bgr.shape[1]
    return Place(photo.source, width_share, fill, label.has_corners, photo.is_crop)


def _outcomes(
    photo: PlatePhoto, readings: Sequence[ReadPlate], matches: Matches, known: Sequence[tuple[PlateTraits, Place]]
) -> list[PlateOutcome]:
    found_at = {true: readings[index] for index, true in matches.pairs}
    return [
        replace(_outcome(photo.path.name, label, found_at.get(i)), plate=i, traits=known[i][0], place=known[i][1])
        for i, label in enumerate(photo.plates)
    ]


def _outcome(image: str, label: PlateLabel, plate: ReadPlate | None) -> PlateOutcome:
    reading = plate.reading if plate else None
    return PlateOutcome(
        image,
        "".join(label.text_rows),
        len(label.text_rows),
        quad_size(label.quad_xy)[0],
        label.legible,
        label.kind,
        quad_iou(plate.quad_xy, label.quad_xy) if plate else None,
        plate.text if plate else None,
        confidence=reading.confidence if reading else None,
        script=script_of(reading) if reading else None,
    )


def script_of(reading: Reading) -> str | None:
    """`latin` if most characters of a reading are Latin, `own` otherwise; None without characters."""
    signs = labels_of(reading.characters)
    latin = sum(sign.isascii() for sign in signs)
    return (LATIN if 2 * latin > len(signs) else OWN) if signs else None
