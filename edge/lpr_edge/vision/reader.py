"""Reading the characters on a detected plate."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.outputs import Head, corrected_corners, decode_characters
from lpr_edge.contract.preprocess import write_plate
from lpr_edge.contract.rows import labels_of
from lpr_edge.runtimes.model import Model
from lpr_edge.text.colour_prior import with_colour_prior
from lpr_edge.text.confidence import PHOTO_PREFIX, VOTE_PREFIX, curve_of
from lpr_edge.text.decoding import FAINT, TWIN_FIELD, DecodedPlate, PlateDecoder, decode_plate, with_twin
from lpr_edge.text.grammar import Grammar
from lpr_edge.vision.plate_colour import measure_colour
from lpr_edge.vision.plates import Reading


class Reader:
    """Runs a reader network: a frame and a plate's corners give its text.

    Args:
        model: the network.
        thresholds: in place of its manifest's, where others are tried.
    """

    def __init__(self, model: Model, thresholds: Mapping[str, float] | None = None) -> None:
        model.expect("reader")
        self.model = model
        self.thresholds = model.manifest.thresholds if thresholds is None else thresholds
        grammar = Grammar(country_from_dict(model.manifest.country))
        self.decoder = PlateDecoder(model.manifest.labels, grammar, curve_of(self.thresholds, VOTE_PREFIX))
        self.photo_curve = curve_of(self.thresholds, PHOTO_PREFIX)
        self._curve = curve_of(self.thresholds)
        self._faint = {**self.thresholds, "peak": FAINT * self.thresholds["peak"]}

    @property
    def grammar(self) -> Grammar:
        """Grammar of the country whose plates it reads."""
        return self.decoder.grammar

    def read(self, frame_bgr: Image, quad_xy: Quad) -> Reading:
        """Read a plate from the frame.

        Args:
            frame_bgr: (H, W, 3) uint8.
            quad_xy: (4, 2) float32 corners, clockwise from the plate's own top left.

        Raises:
            ValueError: the corners aren't a convex quadrilateral.
        """
        manifest = self.model.manifest
        _, heads = self.model.heads_of(
            lambda pixels: write_plate(frame_bgr, quad_xy, manifest.input, manifest.margin, pixels)
        )
        candidates = decode_characters(heads, manifest.labels, self._faint)
        plate = decode_plate(self.decoder, candidates, self.thresholds["peak"])
        plate = self._with_colour_prior(plate, frame_bgr, quad_xy)
        return Reading(
            plate.rows,
            plate.parsed,
            quad_xy,
            self._curve,
            manifest.margin,
            plate.twin,
            tuple(candidates),
            self.thresholds["peak"],
            _corners_of(heads, quad_xy, manifest.margin),
        )

    def _with_colour_prior(self, plate: DecodedPlate, frame_bgr: Image, quad_xy: Quad) -> DecodedPlate:
        """Let the plate's colour weigh in on a low-confidence class letter."""
        if not plate.parsed.valid:
            return plate
        measure = partial(measure_colour, frame_bgr, quad_xy, self.grammar.country)
        rows = with_colour_prior(plate.rows, self.decoder.labels, self.grammar, measure)
        if rows is plate.rows:
            return plate
        parsed = self.grammar.parse(labels_of(rows))
        if not parsed.valid:
            return plate
        return replace(plate, rows=rows, parsed=with_twin(parsed, plate.parsed.fields.get(TWIN_FIELD, "")))


def _corners_of(heads: Mapping[str, Head], quad_xy: Quad, margin: float) -> Callable[[], Quad] | None:
    """What gives a plate's true corners as the network sees them, where it has a head for that."""
    return partial(_corrected, heads["corners"], quad_xy, margin) if "corners" in heads else None


def _corrected(codes: Head, quad_xy: Quad, margin: float) -> Quad:
    return corrected_corners(quad_xy, codes[:], margin)
