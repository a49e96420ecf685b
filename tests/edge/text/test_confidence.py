from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.golden.tinyland import Scene
from tests.support.readings import GRAMMAR, LABELS, frame, plate

from lpr_edge.runtimes.model import Model
from lpr_edge.text.confidence import PHOTO_PREFIX, VOTE_PREFIX, ConfidenceCurve, curve_of, raw_confidence
from lpr_edge.text.decoding import PlateDecoder
from lpr_edge.tracking.event_record import image_record
from lpr_edge.tracking.evidence import PlateEvidence
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.plates import FrameResult
from lpr_edge.vision.reader import Reader
from lpr_edge.vision.voting import PlateVoter

CURVE = ConfidenceCurve(1.5, 0.5, -3.0)


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_a_surer_reading_is_never_less_likely(a: float, b: float, valid: bool) -> None:
    """The curve is monotone and a probability; what no form allows is no likelier than what one does."""
    low, high = sorted((a, b))
    assert 0 <= CURVE.likelihood(low, valid) <= CURVE.likelihood(high, valid) <= 1
    assert CURVE.likelihood(low, False) <= CURVE.likelihood(low, True)


def test_a_curve_survives_the_manifest() -> None:
    """What goes into a manifest's thresholds comes out; thresholds without a curve have none."""
    assert curve_of({"peak": 0.3, **CURVE.to_thresholds()}) == CURVE
    assert curve_of({"peak": 0.3, "temperature": 1.0}) is None


def test_votes_have_a_curve_of_their_own() -> None:
    """A manifest holds both; frames fused by a decoder with a curve of votes have that one's confidence."""
    votes = ConfidenceCurve(2.0, 1.0, -4.0)
    thresholds = {**CURVE.to_thresholds(), **votes.to_thresholds(VOTE_PREFIX)}
    assert curve_of(thresholds, VOTE_PREFIX) == votes
    assert curve_of(thresholds) == CURVE
    evidence = PlateEvidence()
    for _ in range(3):
        evidence.add(replace(plate("A10").reading, curve=CURVE))
    fused, plain = (evidence.result(PlateDecoder(LABELS, GRAMMAR, curve)) for curve in (votes, None))
    assert fused.confidence == votes.likelihood(fused.raw_confidence, True)
    assert plain.confidence == CURVE.likelihood(plain.raw_confidence, True)


def test_other_readings_of_the_plate_count() -> None:
    """The curve of photographs has names of its own, and a text that other readings agree on is likelier."""
    photo = ConfidenceCurve(1.0, -2.0, -3.0, agreement=4.0)
    thresholds = {**CURVE.to_thresholds(), **photo.to_thresholds(PHOTO_PREFIX)}
    assert (curve_of(thresholds), curve_of(thresholds, PHOTO_PREFIX)) == (CURVE, photo)
    alone, half, all_agree = (photo.likelihood(0.9, True, share) for share in (0.0, 0.5, 1.0))
    assert alone < half < all_agree
    by_peak = replace(photo, peak=0.5)
    reading = replace(plate("A10").reading, curve=by_peak, agreement=0.5)
    assert reading.confidence == by_peak.likelihood(reading.raw_confidence, True, 0.5, reading.faintest)
    assert photo.likelihood(0.9, True) == photo.likelihood(0.9, True, 0.0, 0.1)
    assert by_peak.likelihood(0.9, True, 0.0, 0.1) < photo.likelihood(0.9, True)


def test_photographs_are_compared_where_the_reader_has_a_curve_for_it(
    golden_model: Callable[..., Model], scenes: tuple[Scene, ...]
) -> None:
    """Then a confident reading has its agreement too; without such a curve nothing more is read."""
    detector, reader = Detector(golden_model("detector")), Reader(golden_model("reader"))
    pipeline = PlatePipeline(detector, reader, is_photograph=True)
    (before,) = pipeline.read(scenes[0].image_bgr).plates
    reader.photo_curve = ConfidenceCurve(1.0, -2.0, -3.0, agreement=4.0)
    (after,) = pipeline.read(scenes[0].image_bgr).plates
    assert before.reading.agreement == 0.0
    assert after.reading.agreement > 0.5
    assert after.reading.text == before.reading.text
    assert after.reading.curve == reader.photo_curve


def test_one_doubtful_character_makes_a_plate_unsure() -> None:
    """Sureness is the product of the scores; no character is no sureness."""
    row = plate("A10").reading.characters[0]
    doubtful = replace(row[1], score=0.4)
    assert raw_confidence([row[0], doubtful, row[2]]) == pytest.approx(row[0].score * 0.4 * row[2].score)
    assert raw_confidence([row[0], row[2]]) > raw_confidence(row)
    assert raw_confidence([]) == 0.0


def test_confidence_follows_the_curve() -> None:
    """A reading with a curve tells the curve's probability, invalid ones less; without characters it is 0."""
    valid, invalid = plate("A10").reading, plate("0A7X").reading
    assert valid.parsed.valid
    assert replace(valid, curve=CURVE).confidence == CURVE.likelihood(0.9**3, True)
    assert replace(invalid, curve=CURVE).confidence == pytest.approx(CURVE.likelihood(0.9**4, False))
    assert replace(valid, characters=(), curve=CURVE).confidence == 0.0


def test_a_vote_keeps_the_curve() -> None:
    """The confidence of many frames' reading means the same as that of one."""
    voter = PlateVoter()
    for _ in range(3):
        voter.add(replace(plate("A10").reading, curve=CURVE))
    assert voter.result(PlateDecoder(LABELS, GRAMMAR)).confidence == pytest.approx(
        CURVE.likelihood(0.9**3, True), abs=1e-3
    )


def test_a_plate_of_low_confidence_is_reported_with_its_best_reading(
    golden_model: Callable[..., Model], scenes: tuple[Scene, ...]
) -> None:
    """Below `min_confidence` a plate is `unsure`: with its corners, its likeliest text and its confidence."""
    detector, reader = Detector(golden_model("detector")), Reader(golden_model("reader"))
    result = PlatePipeline(detector, reader, 1.0).read(scenes[0].image_bgr)
    record = image_record(frame(0), result)
    assert record["plates"] == []
    (unsure,) = record["unsure"]
    (surely,) = image_record(frame(0), PlatePipeline(detector, reader, 0.0).read(scenes[0].image_bgr))["plates"]
    assert unsure == surely
    assert unsure["text"]
    assert np.array(unsure["quad"]).shape == (4, 2)


def test_a_frame_without_unsure_plates_says_nothing_of_them() -> None:
    """Where every plate was read surely the record is as it was."""
    assert "unsure" not in image_record(frame(0), FrameResult((plate("A10"),), 1.0, 1.0))
