"""How much work a plate gets: one look in a camera's frame, several in a photograph.

A camera shows the same plate again in its next frame, and a vote fuses the readings. A photograph shows it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.geometry import roll_quad
from lpr_edge.text.confidence import log_odds
from lpr_edge.vision.corner_refinement import implied_corners, other_corners, reported_corners, shifted_corners
from lpr_edge.vision.plates import Effort, FoundPlate, PlateReading, Reading
from lpr_edge.vision.reader import Reader
from lpr_edge.vision.voting import PlateVoter

CAMERA_CONFIDENCE = 0.5
"""Confidence from which a valid reading of a camera's frame stands."""
MISSED = 1
"""Characters of the shortest plate that a camera's frame may show badly; what has fewer clear ones is no plate."""
PHOTOGRAPH_CONFIDENCE = 0.8
"""The same for a photograph; below it the plate is read with other corners as well."""
VOTE_BELOW = 0.9
"""Confidence below which a photograph's reading is put to the vote."""
OTHER_TURNS = (1, 2, 3)
"""Corners, counted from the detector's choice, that may be the plate's own top left."""
OWN_VOTES = 2
"""Weight of the best reading in that vote."""
REFINEMENTS = 2
"""Most rounds of corner refinement."""
CHARACTERS_AT_THRESHOLD = 1.74
"""Expected characters that a proposal needs whose score is exactly the detector's threshold, where all are certain."""
LOG_ODDS_A_CHARACTER = 0.8
"""What one more or less of them is worth in the detector's log-odds."""
LOG_ODDS_A_WRONG_ONE = -0.2
"""The same for a character that is expected to be wrong: on lamps and grilles the grammar finds long texts of them."""
READ_SHARE = 0.8
"""Share of the detector's threshold from which a proposal that was looked at again is read, whatever stands on it."""
SPARE = 2.0
"""Expected characters by which a first reading may fall short: the others cost too much for what is no plate."""
MAX_CHARACTERS = 8.0
"""Characters that count as evidence of a plate: more, as on a shop sign, are no better evidence."""


class Strategy(Protocol):
    """How the detector's proposals are read."""

    @property
    def proposal_share(self) -> float:
        """Share of the detector's threshold from which a proposal is read."""

    def read_plates(
        self, reader: Reader, frame_bgr: Image, found: Sequence[FoundPlate], efforts: Sequence[Effort] | None = None
    ) -> tuple[PlateReading, ...]:
        """Read proposals.

        Args:
            reader: the reader's network.
            frame_bgr: (H, W, 3) uint8, BGR.
            found: the proposals.
            efforts: of each, in a video; None for the strategy's own.

        Returns:
            Those that are plates, each with its reading, in the order of `found`.
        """


@dataclass(frozen=True)
class CameraStrategy:
    """For cameras and videos: one reading, and where it shows text of low confidence, up to two more.

    The second is at the corners that the reader sees, if it says so, the third in the next likely orientation.
    """

    proposal_share: float = 1.0

    def read_plates(
        self, reader: Reader, frame_bgr: Image, found: Sequence[FoundPlate], efforts: Sequence[Effort] | None = None
    ) -> tuple[PlateReading, ...]:
        """Read each plate with its effort, see `Strategy.read_plates`."""
        given = zip(found, efforts or [Effort()] * len(found), strict=True)
        plates = (self._plate(reader, frame_bgr, plate, effort) for plate, effort in given)
        return tuple(plate for plate in plates if plate)

    def _plate(self, reader: Reader, frame_bgr: Image, plate: FoundPlate, effort: Effort) -> PlateReading | None:
        if effort.views:
            return PlateReading(plate, self._read(reader, frame_bgr, plate, effort.views))
        if effort.carried is None:
            return None
        return PlateReading(plate, replace(effort.carried, quad_xy=plate.quad_xy), is_carried=True)

    def _read(self, reader: Reader, frame_bgr: Image, plate: FoundPlate, views: int) -> Reading:
        first = reader.read(frame_bgr, plate.quad_xy)
        if first.clear_peaks < reader.grammar.shortest - MISSED:
            return first
        if not _is_conclusive(first, CAMERA_CONFIDENCE) and first.corners_xy is not None:
            first = best_reading([first, reader.read(frame_bgr, first.corners_xy)])
        if not _is_conclusive(first, CAMERA_CONFIDENCE):
            first = best_reading([first, reader.read(frame_bgr, roll_quad(plate.quad_xy, likely_orientation(plate)))])
        if views == 1 or not first.text or _is_conclusive(first, VOTE_BELOW):
            return first
        # Peaks that are faint in the first view say nothing of the others.
        inner, outer = (list(shifted_corners(first.quad_xy, sign)) for sign in (-1, 1))
        quads = (inner[0], outer[0], inner[2], outer[2])
        others = [reader.read(frame_bgr, quad) for quad in quads[: views - 1]]
        return replace(_vote(reader, first, others), candidates=())


@dataclass(frozen=True)
class PhotographStrategy:
    """For photographs: corner refinement, other corners where confidence is low, a vote where it stays low.

    What is read also decides whether a low-scoring proposal is a plate.
    """

    threshold: float
    """The detector's, on its score."""
    proposal_share: float = READ_SHARE

    def read_plates(
        self,
        reader: Reader,
        frame_bgr: Image,
        found: Sequence[FoundPlate],
        efforts: Sequence[Effort] | None = None,  # noqa: ARG002 - a photograph has no tracks
    ) -> tuple[PlateReading, ...]:
        """Read each proposal, and drop those that aren't plates, see `Strategy.read_plates`."""
        first = ((plate, reader.read(frame_bgr, plate.quad_xy)) for plate in found)
        likely = ((plate, reading) for plate, reading in first if self._is_plate(PlateReading(plate, reading), SPARE))
        readings = (PlateReading(plate, self._read(reader, frame_bgr, plate, one)) for plate, one in likely)
        return tuple(_at_refined_corners(plate) for plate in readings if self._is_plate(plate))

    def read(self, reader: Reader, frame_bgr: Image, plate: FoundPlate) -> Reading:
        """Read one plate of a frame (H, W, 3) with all methods for photographs."""
        return self._read(reader, frame_bgr, plate, reader.read(frame_bgr, plate.quad_xy))

    def _read(self, reader: Reader, frame_bgr: Image, plate: FoundPlate, first: Reading) -> Reading:
        best = self._read_best(reader, frame_bgr, plate, first)
        if not best.text:
            return best
        near, far = list(shifted_corners(best.quad_xy, -1)), list(shifted_corners(best.quad_xy, 1))
        is_sure = _is_conclusive(best, VOTE_BELOW)
        if is_sure and reader.photo_curve is None:
            return best
        others = [reader.read(frame_bgr, quad) for quad in (near if is_sure else near + far)]
        result = best if is_sure else _vote(reader, best, others)
        return _compared(reader, result, others[: len(near)])

    def _read_best(self, reader: Reader, frame_bgr: Image, plate: FoundPlate, first: Reading) -> Reading:
        best = _refine(reader, frame_bgr, first)
        if _is_conclusive(best, PHOTOGRAPH_CONFIDENCE):
            return best
        turned = best_reading([reader.read(frame_bgr, roll_quad(plate.quad_xy, turn)) for turn in OTHER_TURNS])
        best = best_reading([best, _refine(reader, frame_bgr, turned)])
        return best_reading([best, *(reader.read(frame_bgr, quad) for quad in other_corners(best.quad_xy))])

    def _is_plate(self, plate: PlateReading, spare: float = 0.0) -> bool:
        """Whether a proposal is a plate, given its reading: signs and lamps have no characters.

        Args:
            plate: the proposal, read.
            spare: expected characters that a better reading may have in addition.
        """
        characters = expected_characters(plate.reading) + spare
        wrong = max(0.0, len(plate.reading.char_confidences) - characters)
        evidence = LOG_ODDS_A_CHARACTER * (min(MAX_CHARACTERS, characters) - CHARACTERS_AT_THRESHOLD)
        evidence += LOG_ODDS_A_WRONG_ONE * wrong
        return log_odds(plate.found.score) + evidence >= log_odds(self.threshold)


def _vote(reader: Reader, best: Reading, others: Sequence[Reading]) -> Reading:
    """Vote between the best reading and the other readings of the plate."""
    voter = PlateVoter()
    for reading in (*[best] * OWN_VOTES, *others):
        if reading.text:
            voter.add(reading)
    return voter.result(reader.decoder)


def _compared(reader: Reader, reading: Reading, others: Sequence[Reading]) -> Reading:
    """Replace the confidence by one that counts how many other readings agree, if the reader has a curve for that."""
    agreement = sum(other.text == reading.text for other in others) / len(others)
    curve = reader.photo_curve
    return reading if curve is None else replace(reading, curve=curve, agreement=agreement)


def best_reading(readings: Sequence[Reading]) -> Reading:
    """Choose among readings of one plate: valid ones first, then the most expected characters beyond those left out."""
    return max(readings, key=lambda reading: (reading.parsed.valid, expected_characters(reading) - left_out(reading)))


def left_out(reading: Reading) -> float:
    """Sum of the peaks above the threshold that the grammar left out: upside down there are more."""
    places = {(c.x, c.y) for row in (*reading.characters, *reading.twin) for c in row}
    clear = (c for c in reading.candidates if c.peak >= reading.peak_threshold)
    return sum(character.peak for character in clear if (character.x, character.y) not in places)


def expected_characters(reading: Reading) -> float:
    """Expected number of right characters.

    Upside down, the grammar still finds some valid text, each label likely enough; but fewer peaks, and fainter.
    """
    return sum(character.peak * character.score for row in reading.characters for character in row)


def likely_orientation(plate: FoundPlate) -> int:
    """Index of the corner that is most likely the plate's own top left, apart from the detector's choice, 0."""
    return max((1, 2, 3), key=lambda turn: plate.turn_scores[turn])


def _is_conclusive(reading: Reading, confidence: float) -> bool:
    """Whether a reading needs no further one: it is valid and confident enough."""
    return reading.parsed.valid and reading.confidence >= confidence


def _refine(reader: Reader, frame_bgr: Image, reading: Reading) -> Reading:
    """Repeat corner refinement and reading as long as the reading improves."""
    for _ in range(REFINEMENTS):
        best = best_reading([reading, *(reader.read(frame_bgr, quad) for quad in implied_corners(reading))])
        if best is reading:
            break
        reading = best
    return reading


def _at_refined_corners(plate: PlateReading) -> PlateReading:
    """Report the plate's corners as a weighted mean of the detector's and the refined ones."""
    found, read = plate.found.quad_xy, plate.reading.quad_xy
    in_order = min((roll_quad(found, turn) for turn in range(4)), key=lambda quad: float(np.abs(quad - read).sum()))
    corners = reported_corners(in_order, plate.reading)
    return replace(plate, reading=replace(plate.reading, quad_xy=corners))
