"""Accuracy on photographs of plates, whole frames: what is found, and what is read of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from lpr_edge.contract.arrays import Image, Quad
from lpr_edge.contract.data import PlateLabel, PlatePhoto
from lpr_edge.contract.geometry import quad_iou, quad_size
from lpr_edge.contract.metrics import Matches, match_plates, width_band
from lpr_edge.contract.pictures import read_picture
from lpr_edge.vision.reader import Reading

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
        return width_band(self.width_px)


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
        matches = match_plates([plate.quad_xy for plate in found], [plate.quad_xy for plate in photo.plates], MIN_IOU)
        traits = [describe(photo, label, frame) if describe else PlateTraits() for label in photo.plates]
        plates += _outcomes(photo, found, matches, traits)
        false_alarms += [(photo.path.name, found[i].text) for i in matches.false_alarms]
        for observe in observers:
            observe(photo, frame, found, matches)
    return PlatesOutcome(tuple(plates), tuple(false_alarms), len(photos))


def _outcomes(
    photo: PlatePhoto, found: Sequence[ReadPlate], matches: Matches, traits: Sequence[PlateTraits]
) -> list[PlateOutcome]:
    found_at = {true: found[index] for index, true in matches.pairs}
    return [
        replace(_outcome(photo.path.name, label, found_at.get(i)), plate=i, traits=traits[i])
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
