"""Accuracy on photographs of plates, whole frames: what is found, and what is read of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lpr_edge.contract.arrays import Image, Quad
from lpr_edge.contract.data import PlateLabel, PlatePhoto
from lpr_edge.contract.geometry import quad_iou, quad_size, signed_area
from lpr_edge.contract.metrics import Matches, match_plates, width_band
from lpr_edge.contract.pictures import read_picture
from lpr_edge.vision.plates import Reading

MIN_IOU = 0.5
"""Overlap of found and true corners from which a plate counts as found."""

LATIN, OWN = "latin", "own"
"""Scripts of readings: signs of ASCII, and the country's others."""


@dataclass(frozen=True)
class ReadPlate:
    """A plate that the device found and read."""

    quad_xy: Quad
    """(4, 2) corners in pixels of the photograph."""
    text: str
    """Rows joined."""
    reading: Reading | None = None
    """All that the device says of it; None where nothing beside the text is known."""


@dataclass(frozen=True)
class PlateTraits:
    """What a labelled plate is like, beside its text."""

    form: str = ""
    """Of the country's grammar; empty where its text has none or isn't all readable."""
    colour: str = ""
    """Of the country's colours, measured; empty where it couldn't be."""
    sharpness: float | None = None
    """Measured, see `look.sharpness`."""
    seen: bool = False
    """Whether the networks that read it may have learnt from it."""


@dataclass(frozen=True)
class Place:
    """Where a labelled plate is, and how well that is known."""

    source: str = ""
    """Of its photograph, as the labels name it."""
    width_share: float = 1.0
    """Of the plate, beside the photograph's width."""
    fill: float = 1.0
    """Share of its upright bounding box that the plate fills: less the more it leans."""
    has_corners: bool = True
    """False where a loose box around it is all that is known."""
    is_crop: bool = False
    """Whether it fills the picture, and was read at the label's own corners."""


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
    plate: int = 0
    """Its number among the photograph's plates, from 0."""
    confidence: float | None = None
    """Of the reading; None where nothing was found."""
    script: str | None = None
    """Kind of the reading's signs, as `kind` has it; None where nothing was read."""
    traits: PlateTraits = field(default_factory=PlateTraits)
    place: Place = field(default_factory=Place)

    @property
    def found(self) -> bool:
        """Whether the detector found it."""
        return self.iou is not None

    @property
    def is_to_find(self) -> bool:
        """Whether a detector that misses it makes a mistake."""
        return self.legible != "none" and self.place.has_corners and not self.place.is_crop

    @property
    def exact(self) -> bool:
        """Whether it was found and read without a mistake."""
        return self.read == self.truth

    @property
    def width_group(self) -> str:
        """Its group of widths, as tables name it."""
        return width_band(self.width_px)


@dataclass(frozen=True)
class PlatesOutcome:
    """What became of every plate of a split, and what was found where none is."""

    plates: tuple[PlateOutcome, ...]
    false_alarms: tuple[tuple[str, str], ...]
    """(photograph, text read there) of each thing found that is no plate."""
    photos: int
    sources: Mapping[str, str] = field(default_factory=dict)
    """Each photograph's source, by its file name."""

    @property
    def wanted(self) -> tuple[PlateOutcome, ...]:
        """Plates that the detector must find: those with at least one readable character and known corners."""
        return tuple(plate for plate in self.plates if plate.is_to_find)

    def of_source(self, source: str) -> "PlatesOutcome":
        """The part that comes from one source."""
        names = {name: own for name, own in self.sources.items() if own == source}
        return PlatesOutcome(
            tuple(plate for plate in self.plates if plate.image in names),
            tuple(alarm for alarm in self.false_alarms if alarm[0] in names),
            len(names),
            names,
        )


PhotoObserver = Callable[[PlatePhoto, Image, Sequence[ReadPlate], Matches], None]


def score_photos(
    photos: Sequence[PlatePhoto],
    find: Callable[[PlatePhoto, Image], Sequence[ReadPlate]],
    observers: Sequence[PhotoObserver] = (),
    describe: Callable[[PlatePhoto, PlateLabel, Image], PlateTraits] | None = None,
) -> PlatesOutcome:
    """Run the device's code over labelled photographs and compare.

    Args:
        photos: what to read.
        find: the device: plates of a photograph's BGR frame.
        observers: called with every photograph that was scored.
        describe: what a plate is like.

    Raises:
        DataError: a photograph is missing or can't be decoded: a figure without it would be another figure.
    """
    plates: list[PlateOutcome] = []
    false_alarms: list[tuple[str, str]] = []
    for photo in photos:
        frame = read_picture(photo.path)
        found = find(photo, frame)
        matches = match_labels(found, photo.plates)
        traits = [describe(photo, label, frame) if describe else PlateTraits() for label in photo.plates]
        places = [_place_of(photo, label, frame) for label in photo.plates]
        plates += _outcomes(photo, found, matches, list(zip(traits, places, strict=True)))
        false_alarms += [(photo.path.name, found[i].text) for i in matches.false_alarms]
        for observe in observers:
            observe(photo, frame, found, matches)
    sources = {photo.path.name: photo.source for photo in photos}
    return PlatesOutcome(tuple(plates), tuple(false_alarms), len(photos), sources)


def match_labels(found: Sequence[ReadPlate], labels: Sequence[PlateLabel]) -> Matches:
    """Which found plates are which labelled ones; by their middles alone where a label is a loose box."""
    loose = [index for index, label in enumerate(labels) if not label.has_corners]
    return match_plates([plate.quad_xy for plate in found], [label.quad_xy for label in labels], MIN_IOU, loose)


def _place_of(photo: PlatePhoto, label: PlateLabel, frame_bgr: Image) -> Place:
    box = float(np.prod(np.ptp(label.quad_xy, axis=0)))
    fill = abs(signed_area(label.quad_xy)) / box if box else 0.0
    width_share = quad_size(label.quad_xy)[0] / frame_bgr.shape[1]
    return Place(photo.source, width_share, fill, label.has_corners, photo.is_crop)


def _outcomes(
    photo: PlatePhoto, found: Sequence[ReadPlate], matches: Matches, known: Sequence[tuple[PlateTraits, Place]]
) -> list[PlateOutcome]:
    found_at = {true: found[index] for index, true in matches.pairs}
    return [
        replace(_outcome(photo.path.name, label, found_at.get(i)), plate=i, traits=known[i][0], place=known[i][1])
        for i, label in enumerate(photo.plates)
    ]


def _outcome(image: str, label: PlateLabel, found: ReadPlate | None) -> PlateOutcome:
    reading = found.reading if found else None
    return PlateOutcome(
        image,
        "".join(label.text_rows),
        len(label.text_rows),
        quad_size(label.quad_xy)[0],
        label.legible,
        label.kind,
        quad_iou(found.quad_xy, label.quad_xy) if found else None,
        found.text if found else None,
        confidence=reading.confidence if reading else None,
        script=script_of(reading) if reading else None,
    )


def script_of(reading: Reading) -> str | None:
    """`latin` where most signs of a reading are Latin, `own` where they aren't; None of no sign."""
    signs = [character.label for row in reading.characters for character in row]
    latin = sum(sign.isascii() for sign in signs)
    return (LATIN if 2 * latin > len(signs) else OWN) if signs else None
