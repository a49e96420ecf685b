"""Data types of detections and readings."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.rows import Character
from lpr_edge.text.confidence import ConfidenceCurve, raw_confidence
from lpr_edge.text.parsed import Parsed


def longer_side(quad_xy: Quad) -> float:
    """Longer side of the upright box around a plate (4, 2), in pixels."""
    return float((quad_xy.max(axis=0) - quad_xy.min(axis=0)).max())


@dataclass(frozen=True)
class FoundPlate:
    """A detection: a plate's corners and score."""

    quad_xy: Quad
    """(4, 2) corners in the frame's pixels, clockwise from the plate's own top left."""
    score: float
    """How sure the detector is that a plate is there, 0..1."""
    turn_scores: tuple[float, float, float, float]
    """How likely each corner, in `quad_xy`'s order, is the own top left."""


@dataclass(frozen=True)
class Reading:
    """A plate's characters, parsed with the country's grammar."""

    characters: tuple[tuple[Character, ...], ...]
    """Row by row from the top, each from left to right."""
    parsed: Parsed
    quad_xy: Quad
    """The corners, from the plate's own top left, at which it was read; a photograph's are then fitted to its text, and
    characters' places remain shares of what was read."""
    curve: ConfidenceCurve | None = None
    """What the reader's manifest knows of how often such readings are right."""
    margin: float = 0.0
    """Margin around the corners, relative to the plate's size; characters' places are shares of all of it."""
    twin: tuple[tuple[Character, ...], ...] = ()
    """The rows of a bilingual plate that say the same in Latin letters; they are no part of its text."""
    candidates: tuple[Character, ...] = ()
    """Every peak of the network, faint ones included, in no order: what a fusion over frames goes by."""
    peak_threshold: float = 0.5
    """From which a peak counts as a character by itself."""
    corners_of: Callable[[], Quad] | None = field(default=None, repr=False, compare=False)
    """Gives (4, 2) where the network sees the plate's true corners, in the frame's pixels; None if it doesn't say. Most
    readings of a video stand without them."""
    agreement: float = 0.0
    """Share of other readings of the plate, at slightly different corners, with the same text: part of `curve`."""

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The text of each row."""
        return tuple(_join(row) for row in self.characters)

    @cached_property
    def corners_xy(self) -> Quad | None:
        """The corners that `corners_of` gives, if any."""
        return self.corners_of() if self.corners_of else None

    @property
    def text(self) -> str:
        """The rows joined, without spaces, NFC."""
        return "".join(self.rows)

    @property
    def is_valid(self) -> bool:
        """Whether the country's grammar allows the text."""
        return self.parsed.valid

    @property
    def char_confidences(self) -> tuple[float, ...]:
        """Each character's probability, in reading order."""
        return tuple(character.score for row in self.characters for character in row)

    @cached_property
    def confidence(self) -> float:
        """Probability that the whole reading is right, calibrated if the model has a curve.

        Else the lowest of the characters': one wrong character makes a wrong plate, and a mean would hide one weak
        character among eight sure ones. 0 where there is none.
        """
        if self.curve is None or not self.characters:
            return min(self.char_confidences, default=0.0)
        return self.likelihood_by(self.curve)

    def likelihood_by(self, curve: ConfidenceCurve) -> float:
        """Probability by a calibration curve that a reading with at least one character is right."""
        return curve.likelihood(self.raw_confidence, self.parsed.valid, self.agreement, self.faintest)

    @property
    def clear_peaks(self) -> int:
        """Number of the network's peaks that count as characters by themselves, left out by the grammar or not."""
        peaks = self.candidates or (character for row in self.characters for character in row)
        return sum(character.peak >= self.peak_threshold for character in peaks)

    @property
    def faintest(self) -> float:
        """Lowest peak of the characters; 0 without any."""
        return min((character.peak for row in self.characters for character in row), default=0.0)

    @property
    def raw_confidence(self) -> float:
        """Input of the calibration curve, see `confidence.raw_confidence`."""
        return raw_confidence([character for row in self.characters for character in row])


def _join(row: tuple[Character, ...]) -> str:
    return unicodedata.normalize("NFC", "".join(character.label for character in row))


@dataclass(frozen=True)
class PlateReading:
    """A detected plate with its reading."""

    found: FoundPlate
    reading: Reading
    colour_of: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    """Measures its colour in its frame; None where it has none."""
    is_confident: bool = True
    """Whether its reading has the confidence that was asked for."""
    is_carried: bool = False
    """Whether it wasn't read in this frame: its reading is what its track had before."""

    @cached_property
    def colour(self) -> str:
        """The plate's colour, as the country's file calls it; empty where it is unknown.

        Measured when it is asked for: of a vehicle's many frames, only the one that is reported needs it.
        """
        return self.colour_of() if self.colour_of else ""


@dataclass(frozen=True)
class Effort:
    """How much work a proposal gets in one frame of a video."""

    views: int = 1
    """Times that it is read; 0 for not at all."""
    carried: Reading | None = None
    """Its track's reading, where it isn't read; without one it is dropped."""


@dataclass(frozen=True)
class ExpectedPlate:
    """Where the plate of a track is expected in the next frame."""

    quad_xy: Quad
    """(4, 2) corners in the frame's pixels."""
    is_settled: bool = False
    """Whether its text is settled, so that the plate is only followed."""
    is_doubtful: bool = False
    """Whether no character was found on it in several frames: most likely it is no plate."""


Plan = Callable[[Sequence[FoundPlate]], Sequence[Effort]]
"""Gives each proposal of a frame its effort."""


@dataclass(frozen=True)
class FrameResult:
    """The plates of a frame, and the processing times."""

    plates: tuple[PlateReading, ...]
    detect_ms: float
    read_ms: float
    """For all plates together."""
    seen: tuple[FoundPlate, ...] = ()
    """All detections, those outside the region of interest too."""
    low_confidence: tuple[PlateReading, ...] = ()
    """Plates whose readings have a lower confidence than was asked for."""
    readings: int = 0
    """Times that a plate was read."""
    is_skipped: bool = False
    """Whether the frame wasn't looked at, since nothing in it had moved."""

    @property
    def all_plates(self) -> tuple[PlateReading, ...]:
        """Plates of any confidence, for the tracker: only the vote must be confident."""
        return (*self.plates, *self.low_confidence)
