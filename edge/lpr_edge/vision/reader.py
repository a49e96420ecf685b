"""What stands on a plate."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from lpr_edge.contract.arrays import Image, Quad
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.outputs import Character, decode_characters
from lpr_edge.contract.preprocess import prepare_plate
from lpr_edge.runtimes.model import Model
from lpr_edge.text.bilingual import decode_plate
from lpr_edge.text.confidence import ConfidenceCurve, curve_of, sureness
from lpr_edge.text.decoding import FAINT, PlateDecoder
from lpr_edge.text.grammar import Grammar, Parsed


@dataclass(frozen=True)
class Reading:
    """A plate's characters, and what the country's grammar makes of them."""

    characters: tuple[tuple[Character, ...], ...]
    """Row by row from the top, each from left to right."""
    parsed: Parsed
    quad_xy: Quad
    """The corners, from the plate's own top left, at which it was read; a photograph's are then fitted to its text, and
    characters' places remain shares of what was read."""
    curve: ConfidenceCurve | None = None
    """What the reader's manifest knows of how often such readings are right."""
    margin: float = 0.0
    """What was shown around the corners, beside the plate's size; characters' places are shares of all of it."""
    twin: tuple[tuple[Character, ...], ...] = ()
    """The rows of a bilingual plate that say the same in Latin letters; they are no part of its text."""

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The text of each row."""
        return tuple(_join(row) for row in self.characters)

    @property
    def text(self) -> str:
        """The rows joined, without spaces, NFC."""
        return "".join(self.rows)

    @property
    def char_confidences(self) -> tuple[float, ...]:
        """Each character's probability, in reading order."""
        return tuple(character.score for row in self.characters for character in row)

    @property
    def confidence(self) -> float:
        """Probability that the whole reading is right, where the model has a curve for it.

        Else the least sure character's: one wrong character makes a wrong plate, and a mean would hide one doubtful
        character among eight sure ones. 0 where there is none.
        """
        if self.curve is None or not self.characters:
            return min(self.char_confidences, default=0.0)
        return self.curve.likelihood(self.sureness, self.parsed.valid)

    @property
    def sureness(self) -> float:
        """What the curve is fitted to: see `confidence.sureness`."""
        return sureness([character for row in self.characters for character in row])


def _join(row: tuple[Character, ...]) -> str:
    return unicodedata.normalize("NFC", "".join(character.label for character in row))


class Reader:
    """A reader's network: from a frame and a plate's corners to its text."""

    def __init__(self, model: Model) -> None:
        model.expect("reader")
        self.model = model
        self.decoder = PlateDecoder(model.manifest.labels, Grammar(country_from_dict(model.manifest.country)))
        self.thresholds: Mapping[str, float] = model.manifest.thresholds

    @property
    def grammar(self) -> Grammar:
        """Of the country whose plates it reads."""
        return self.decoder.grammar

    def read(self, frame_bgr: Image, quad_xy: Quad) -> Reading:
        """Read a plate straight from the frame.

        Args:
            frame_bgr: (H, W, 3) uint8.
            quad_xy: (4, 2) float32 corners, clockwise from the plate's own top left.

        Raises:
            ValueError: the corners aren't a convex quadrilateral.
        """
        manifest = self.model.manifest
        heads = self.model.heads(prepare_plate(frame_bgr, quad_xy, manifest.input, manifest.margin).pixels)
        faint = {**self.thresholds, "peak": FAINT * self.thresholds["peak"]}
        candidates = decode_characters(heads, manifest.labels, faint)
        plate = decode_plate(self.decoder, candidates, self.thresholds["peak"])
        return Reading(plate.rows, plate.parsed, quad_xy, curve_of(self.thresholds), manifest.margin, plate.twin)
