"""From a frame to the plates on it: detector, then reader."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from lpr_edge.contract.arrays import Floats, Image, Quad
from lpr_edge.contract.geometry import lean_quad, roll_quad, stretch_quad
from lpr_edge.text.confidence import log_odds
from lpr_edge.vision.corner_refinement import fitted_corners
from lpr_edge.vision.detector import DOUBT, Detector, FoundPlate
from lpr_edge.vision.low_light import lighten
from lpr_edge.vision.reader import Reader, Reading
from lpr_edge.vision.roi import is_inside
from lpr_edge.vision.voting import Poll

SURE_READING = 0.8
"""Confidence from which a valid reading of a photograph stands; below it the plate is read in other ways as well."""
LIKELY_READING = 0.5
"""The same in clips and from cameras, where each reading counts: below it the plate is read another way up as well.

Of the training photographs turned upside down, which the detector mostly takes for upright, 126 of 156 plates are read
right so, 4 without; upright, where 20 of 186 are read twice, 153 and 150. At 0.8 it would be 127, 153, and twice as
many second readings.
"""
STRETCHES = ((0.04, 0.12), (0.06, 0.25), (-0.03, -0.08))
"""Shares of its width and height by which an unsure plate is shown larger or smaller. A detector is a few pixels off,
which is much of the height of a plate of one row.
"""
LEANS = (-0.12, 0.12)
"""Shares of its height by which its right side is shown higher or lower. Of 197 plates found on the training
photographs 181 are read exactly with both, 179 with stretches alone, and 170 as they were found.
"""
DOUBTED = 0.9
"""Confidence below which a photograph's reading is put to the vote."""
MOVES = (0.04, 0.12)
"""Shares of its width and height by which a doubted plate is shown larger, smaller, or with one side higher: readings
that vote with the best one, character by character. Of 202 training plates, each read by a fold of a cross-validation
that hadn't seen it, 166 are read exactly with the vote and 161 without; with smaller moves 163 and 164.
"""
OWN_VOTES = 2
"""What the best one's own reading counts there."""
FITS = 2
"""How often corners are fitted to what was read, at most. On the training photographs, with the corners that the
detector finds, 182 of 199 plates are read exactly without, 185 with one and 188 with two.
"""
PROOF = 3.0
"""Characters that have to be read, in a photograph, on a plate whose score is just the detector's threshold."""
A_CHARACTER = 0.5
"""What one more or less of them is worth in the detector's log-odds.

On the training photographs, by detectors and readers of three folds that hadn't seen them, 274 of 301 plates are found
with 9 false alarms; with a third it is 272 with 12. Logistic regression on score and characters does no better.
"""
MOST_PROOF = 8.0
"""Characters that count: what a plate has. Those of a shop sign don't make it one."""


@dataclass(frozen=True)
class PlateReading:
    """A plate found and read."""

    found: FoundPlate
    reading: Reading


@dataclass(frozen=True)
class FrameResult:
    """The plates of a frame, and what they took."""

    plates: tuple[PlateReading, ...]
    detect_ms: float
    read_ms: float
    """For all plates together."""
    seen: tuple[FoundPlate, ...] = ()
    """All that the detector has found, those that were left out of `plates` too."""
    unsure: tuple[PlateReading, ...] = ()
    """Plates that were found, and whose readings are less likely than was asked for."""


class PlateReader:
    """Detector and reader, one after the other."""

    def __init__(
        self,
        detector: Detector,
        reader: Reader,
        min_confidence: float = 0.0,
        zone: Floats | None = None,
        is_thorough: bool = False,
    ) -> None:
        """Take both.

        Args:
            detector: finds plates.
            reader: reads them.
            min_confidence: readings below it, and plates without any character, are unsure.
            zone: plates outside are left unread, see `zone.parse_zone`; None for the whole picture.
            is_thorough: read unsure plates with other corners too, and let what is read decide whether doubtful ones
                are plates: for photographs, which show a plate once.
        """
        self.detector = detector
        self.reader = reader
        self.min_confidence = min_confidence
        self.zone = zone
        self.is_thorough = is_thorough

    def read(self, frame_bgr: Image) -> FrameResult:
        """Find and read the plates of a frame (H, W, 3), the surest found first."""
        start = perf_counter()
        frame_bgr = lighten(frame_bgr)
        seen = self.detector.detect(frame_bgr, DOUBT if self.is_thorough else 1.0)
        found = [plate for plate in seen if self._counts(plate, frame_bgr)]
        between = perf_counter()
        plates = tuple(PlateReading(plate, self._read_plate(frame_bgr, plate)) for plate in found)
        if self.is_thorough:
            plates = tuple(_at_fitted_corners(plate) for plate in plates if self._is_proved(plate))
            least = self.detector.threshold
            seen = [one for one in seen if one.score >= least or any(one is plate.found for plate in plates)]
        end = perf_counter()
        sure = tuple(plate for plate in plates if self.is_sure(plate.reading))
        unsure = tuple(plate for plate in plates if not self.is_sure(plate.reading))
        return FrameResult(sure, 1000 * (between - start), 1000 * (end - between), tuple(seen), unsure)

    def _read_plate(self, frame_bgr: Image, plate: FoundPlate) -> Reading:
        """Read a plate in the best way; in a photograph where that leaves doubt, by the vote of several readings."""
        best = self._read_best(frame_bgr, plate)
        if not self.is_thorough or not best.text or _stands(best, DOUBTED):
            return best
        poll = Poll()
        for reading in (*[best] * OWN_VOTES, *(self.reader.read(frame_bgr, quad) for quad in _moved(best.quad_xy))):
            if reading.text:
                poll.add(reading)
        return poll.result(self.reader.model.manifest.labels, self.reader.grammar)

    def _read_best(self, frame_bgr: Image, plate: FoundPlate) -> Reading:
        """Read a plate as the detector shows it; where that gives no sure reading, in other ways, too."""
        best = self.reader.read(frame_bgr, plate.quad_xy)
        if self.is_thorough:
            best = self._read_closer(frame_bgr, best)
        if _stands(best, SURE_READING if self.is_thorough else LIKELY_READING):
            return best
        quads = [roll_quad(plate.quad_xy, second_turn(plate)), *(_nearby(best.quad_xy) if self.is_thorough else ())]
        return _better([best, *(self.reader.read(frame_bgr, quad) for quad in quads)])

    def _read_closer(self, frame_bgr: Image, reading: Reading) -> Reading:
        """Read a plate where its text says that it is, as long as that makes the reading better."""
        for _ in range(FITS):
            corners = fitted_corners(reading)
            closer = self.reader.read(frame_bgr, corners) if corners is not None else reading
            if _better([reading, closer]) is reading:
                break
            reading = closer
        return reading

    def _is_proved(self, plate: PlateReading) -> bool:
        """Tell whether a doubtful plate is one, by what stands on it: signs and lamps have no characters."""
        characters = min(MOST_PROOF, expected_characters(plate.reading))
        score, threshold = log_odds(plate.found.score), log_odds(self.detector.threshold)
        return score + A_CHARACTER * (characters - PROOF) >= threshold

    def _counts(self, plate: FoundPlate, frame_bgr: Image) -> bool:
        height, width = frame_bgr.shape[:2]
        return self.zone is None or is_inside(plate.quad_xy, self.zone, (height, width))

    def is_sure(self, reading: Reading, any_text: bool = True) -> bool:
        """Tell whether a reading, or a vote, is likely enough to be right.

        Args:
            reading: what was read.
            any_text: whether it may be what no form of the country allows, or shorter than all of them.
        """
        likely = bool(reading.characters) and reading.confidence >= self.min_confidence
        return likely and (any_text or reading.parsed.valid)


def _at_fitted_corners(plate: PlateReading) -> PlateReading:
    """A plate told where its text says that it is: nearer to the truth than where it was read.

    Of the training photographs, by folds that hadn't seen them, 274 instead of 273 of 301 plates overlap enough to
    count as found, of those with one row 54 instead of 51 of 63; their mean overlap is 0.83 instead of 0.80.
    """
    corners = fitted_corners(plate.reading)
    return plate if corners is None else replace(plate, reading=replace(plate.reading, quad_xy=corners))


def _stands(reading: Reading, least: float) -> bool:
    """Whether a reading needs no other: the grammar allows it, and it is sure enough."""
    return reading.parsed.valid and reading.confidence >= least


def _better(readings: Sequence[Reading]) -> Reading:
    """The one to believe: valid, then with the most characters that are likely there and right."""
    return max(readings, key=lambda reading: (reading.parsed.valid, expected_characters(reading)))


def _nearby(quad_xy: Quad) -> Iterator[Quad]:
    """Where the corners may be instead."""
    yield from (stretch_quad(quad_xy, *stretch) for stretch in STRETCHES)
    yield from (lean_quad(quad_xy, lean) for lean in LEANS)


def _moved(quad_xy: Quad) -> Iterator[Quad]:
    """Where the corners may be as well, a little off."""
    wider, higher = MOVES
    for sign in (-1, 1):
        yield stretch_quad(quad_xy, sign * wider, sign * higher)
        yield stretch_quad(quad_xy, sign * wider, 0.0)
        yield stretch_quad(quad_xy, 0.0, sign * higher)
        yield lean_quad(quad_xy, sign * higher)


def expected_characters(reading: Reading) -> float:
    """How many characters of a reading are likely to be there and right.

    Upside down, the grammar still finds some valid text, each label likely enough; but fewer peaks, and fainter.
    """
    return sum(character.peak * character.score for row in reading.characters for character in row)


def second_turn(plate: FoundPlate) -> int:
    """The corner that is the plate's own top left where the detector's choice, 0, is wrong."""
    return max((1, 2, 3), key=lambda turn: plate.turn_scores[turn])
