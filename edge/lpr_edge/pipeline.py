"""From a frame to the plates on it: detector, then reader."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

from lpr_edge.contract.arrays import Floats, Image
from lpr_edge.contract.geometry import roll_quad
from lpr_edge.detector import Detector, FoundPlate
from lpr_edge.reader import Reader, Reading
from lpr_edge.zone import is_inside

DOUBTFUL_TURN = 0.2
"""From this share of the best turn's score on, another turn is read as well."""


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


class PlateReader:
    """Detector and reader, one after the other."""

    def __init__(
        self, detector: Detector, reader: Reader, min_confidence: float = 0.0, zone: Floats | None = None
    ) -> None:
        """Take both.

        Args:
            detector: finds plates.
            reader: reads them.
            min_confidence: readings below it, and plates without any character, are left out.
            zone: plates outside are left unread, see `zone.parse_zone`; None for the whole picture.
        """
        self.detector = detector
        self.reader = reader
        self.min_confidence = min_confidence
        self.zone = zone

    def read(self, frame_bgr: Image) -> FrameResult:
        """Find and read the plates of a frame (H, W, 3), the surest found first."""
        start = perf_counter()
        seen = self.detector.detect(frame_bgr)
        found = [plate for plate in seen if self._counts(plate, frame_bgr)]
        between = perf_counter()
        plates = tuple(PlateReading(plate, self._read_plate(frame_bgr, plate)) for plate in found)
        end = perf_counter()
        kept = tuple(plate for plate in plates if self._is_kept(plate.reading))
        return FrameResult(kept, 1000 * (between - start), 1000 * (end - between), tuple(seen))

    def _read_plate(self, frame_bgr: Image, plate: FoundPlate) -> Reading:
        """Read a plate the way up that the detector says; where it is in doubt, each likely way, and keep the best."""
        readings = [self.reader.read(frame_bgr, roll_quad(plate.quad_xy, turn)) for turn in likely_turns(plate)]
        return max(readings, key=lambda reading: (reading.parsed.valid, expected_characters(reading)))

    def _counts(self, plate: FoundPlate, frame_bgr: Image) -> bool:
        height, width = frame_bgr.shape[:2]
        return self.zone is None or is_inside(plate.quad_xy, self.zone, (height, width))

    def _is_kept(self, reading: Reading) -> bool:
        return bool(reading.characters) and reading.confidence >= self.min_confidence


def expected_characters(reading: Reading) -> float:
    """How many characters of a reading are likely to be there and right.

    Upside down, the grammar still finds some valid text, each label likely enough; but fewer peaks, and fainter.
    """
    return sum(character.peak * character.score for row in reading.characters for character in row)


def likely_turns(plate: FoundPlate) -> Iterator[int]:
    """The detector's turn (0), and the next best where that comes near it."""
    yield 0
    second = max((1, 2, 3), key=lambda turn: plate.turn_scores[turn])
    if plate.turn_scores[second] > DOUBTFUL_TURN * plate.turn_scores[0]:
        yield second
