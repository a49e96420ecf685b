from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.readings import GRAMMAR, LABELS, plate, plate_of

from lpr_edge.text.decoding import PlateDecoder
from lpr_edge.tracking.alignment import LABEL_SMOOTHING, MISSING, FrameStack
from lpr_edge.tracking.evidence import MAX_FRAMES, PlateEvidence
from lpr_edge.vision.plates import Reading

DECODER = PlateDecoder(LABELS, GRAMMAR)


def evidence_of(*readings: Reading) -> PlateEvidence:
    made = PlateEvidence()
    for reading in readings:
        made.add(reading)
    return made


def said(*readings: Reading) -> str:
    return evidence_of(*readings).result(DECODER).text


def reading(text: str, scores: Sequence[float]) -> Reading:
    return plate_of(text, scores).reading


def test_alignment_by_hand() -> None:
    """One sure peak of 0.9 for A: taken as A, its softened score; as no character, a missing A and a peak too many."""
    stack = FrameStack.of(evidence_of(plate("A").reading).frames)
    there = float(np.exp(stack.logs[0, 0, LABELS.index("A")])) / ((1 - LABEL_SMOOTHING) * 0.9 + LABEL_SMOOTHING * 0.5)
    final = stack.align([LABELS.index("A")])[-1][0]
    assert final[1] == pytest.approx(log(there) + log((1 - LABEL_SMOOTHING) * 0.9 + LABEL_SMOOTHING * 0.5), abs=1e-4)
    assert final[0] == pytest.approx(float(stack.skips[0, 0]), abs=1e-4)
    twice = stack.align([LABELS.index("A")] * 2)[-1][0]
    assert twice[2] == pytest.approx(float(final[1]) + log(MISSING), abs=1e-4)


def test_a_lost_character_does_not_split_the_vote() -> None:
    """Two frames that lost a character, each another one, count for the text of the third."""
    assert said(plate("A10").reading, plate("A1").reading, plate("A0").reading, plate("A10").reading) == "A10"


def test_sure_frames_outvote_more_unsure_ones() -> None:
    """Three frames that hesitate between 7 and 1 don't overrule two that are sure of 1."""
    unsure = [reading("A17", (0.9, 0.9, 0.4))] * 3
    sure = [reading("A11", (0.99, 0.99, 0.99))] * 2
    assert said(*unsure, *sure) == "A11"


def test_frames_that_agree_say_what_each_says() -> None:
    """The mean of equal frames is the frame: text and raw confidence stay."""
    one = reading("L47", (0.9, 0.8, 0.95))
    fused = evidence_of(one, one, one).result(DECODER)
    assert fused.text == "L47"
    assert fused.raw_confidence == pytest.approx(one.raw_confidence, rel=0.01)


def test_a_text_that_two_frames_contradict_is_no_surer_for_being_read_twice() -> None:
    """With as many sure frames for another text, the confidence is that of the mean, and low."""
    either = evidence_of(*[reading("A17", (0.9,) * 3)] * 2, *[reading("A11", (0.9,) * 3)] * 2).result(DECODER)
    assert either.raw_confidence < 0.6 < reading("A17", (0.9,) * 3).raw_confidence


def test_evidence_does_not_grow_with_the_frames() -> None:
    """Of many frames the weightiest are kept."""
    evidence = evidence_of(*[reading("A17", (0.5,) * 3)] * 5, *[plate("A10").reading] * (MAX_FRAMES + 5))
    assert len(evidence.frames) == MAX_FRAMES
    assert min(frame.weight for frame in evidence.frames) > 0.5


@settings(deadline=None, max_examples=40)
@given(st.permutations(range(4)), st.floats(0.4, 0.99))
def test_the_order_of_frames_is_nothing_to_the_vote(order: Sequence[int], score: float) -> None:
    """The same readings in any order give the same text and confidence, a probability."""
    readings = [plate("A10").reading, reading("A17", (0.9, 0.9, score)), plate("L10").reading, plate("A1").reading]
    first = evidence_of(*readings).result(DECODER)
    other = evidence_of(*(readings[place] for place in order)).result(DECODER)
    assert other.text == first.text
    assert other.confidence == pytest.approx(first.confidence, abs=1e-5)
    assert 0 <= other.confidence <= 1


def test_small_plates_have_less_of_a_say() -> None:
    """A frame in which the plate is half as high weighs a quarter."""
    far, near = plate("A10").reading, plate("A10").reading
    far = replace(far, quad_xy=far.quad_xy / 2)
    stack = FrameStack.of(evidence_of(far, near).frames)
    assert stack.trusts[0] / stack.trusts[1] == pytest.approx(0.25, rel=1e-4)
