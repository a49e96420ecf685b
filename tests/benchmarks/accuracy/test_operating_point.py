"""What is reported by default: of the legible plates, and how much of it is right."""

from lpr_bench.accuracy.plates import Place, PlateOutcome
from lpr_bench.accuracy.reliability import format_reported, summarize_reported
from lpr_edge.config.input_groups import ReadingConfig
from lpr_edge.text.confidence import MIN_CONFIDENCE, ConfidenceCurve, default_min_confidence
from lpr_export.calibration.confidence import Confidence

CURVE = ConfidenceCurve(1.0, 0.0, -3.0)


def _plate(source: str, read: str | None, confidence: float | None) -> PlateOutcome:
    iou = None if read is None else 0.9
    place = Place(source, 0.1, 0.5)
    return PlateOutcome("a.jpg", "बा१प२३", 2, 90, "full", "devanagari", iou, read, 0, confidence, place=place)


PLATES = [
    _plate("street", "बा१प२३", 0.9),
    _plate("street", "बा१प२३", 0.2),
    _plate("road", "बा१प२", 0.8),
    _plate("road", None, None),
]
PAIRS = [(0.9, True), (0.2, True), (0.8, False), (0.7, False)]


def test_plates_count_that_are_reported_and_right() -> None:
    """One of low confidence isn't reported, and one that isn't found is legible all the same."""
    found = summarize_reported(PLATES, PAIRS, 0.5)
    assert (found["right_of_legible"]["successes"], found["right_of_legible"]["count"]) == (1, 4)
    assert (found["right_of_reported"]["successes"], found["right_of_reported"]["count"]) == (1, 3)
    assert (found["by_source"]["street"]["successes"], found["by_source"]["road"]["successes"]) == (1, 0)
    assert "1/4" in format_reported(PLATES, PAIRS, 0.5)


def test_the_threshold_is_the_devices_own() -> None:
    """What the table calls default is what lpr-edge does: in photographs what the reader's file says."""
    fitted = Confidence(1.0, CURVE, {}, None, CURVE, 0.83).to_thresholds()
    assert ReadingConfig().min_confidence is None
    assert default_min_confidence(fitted, is_photograph=True) == 0.83
    assert default_min_confidence(fitted, is_photograph=False) == default_min_confidence({}, True) == MIN_CONFIDENCE
