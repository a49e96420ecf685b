from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.golden import tinyland
from tests.support.golden.tinyland import Scene
from tests.support.readings import GRAMMAR, LABELS
from tests.support.readings import plate as plate_of

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import ModelError
from lpr_edge.contract.geometry import quad_iou, quad_size, roll_quad
from lpr_edge.contract.rows import Character, group_rows
from lpr_edge.runtimes.model import Model
from lpr_edge.text.decoding import PlateDecoder
from lpr_edge.text.parsed import Parsed
from lpr_edge.vision.character_classifier import CharacterClassifier
from lpr_edge.vision.corner_refinement import SEEN_WEIGHT, TEXT_WEIGHT, refined_corners, reported_corners
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.plates import Effort, FoundPlate, Reading
from lpr_edge.vision.reader import Reader
from lpr_edge.vision.strategy import MISSED, CameraStrategy, best_reading, left_out, likely_orientation

OpenGolden = Callable[..., Model]
LABELLED = SimpleNamespace(manifest=SimpleNamespace(labels=LABELS))
"""All of a model that a vote looks at."""


def test_plates_are_found_where_they_are(plate_reader: PlatePipeline, scenes: tuple[Scene, ...]) -> None:
    """Each street's one plate is found, its corners in the frame's pixels and from the plate's own top left on."""
    for scene in scenes:
        (plate,) = plate_reader.read(scene.image_bgr).plates
        truth, _ = scene.plates[0]
        assert quad_iou(plate.found.quad_xy, truth) > 0.75
        assert np.abs(plate.reading.quad_xy - truth).max() < 30  # the wrong way up it would be 60 or more
        assert 0.3 <= plate.found.score <= 1


def test_a_colour_is_measured_when_it_is_asked_for(
    plate_reader: PlatePipeline, scenes: tuple[Scene, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vehicle's frames are many, and one of them is reported: only that one's colour costs time, and once."""
    measured: list[Quad] = []

    def measure(_frame: object, quad_xy: Quad, _country: object) -> str:
        measured.append(quad_xy)
        return "red"

    monkeypatch.setattr("lpr_edge.vision.pipeline.measure_colour", measure)
    (plate,) = plate_reader.read(scenes[0].image_bgr).plates
    assert not measured
    assert (plate.colour, plate.colour) == ("red", "red")
    assert len(measured) == 1
    assert measured[0] is plate.reading.quad_xy


def test_street_without_a_plate_gives_none(plate_reader: PlatePipeline) -> None:
    """Nothing is found where nothing is."""
    rng = np.random.default_rng(5)
    assert [plate_reader.read(tinyland.draw_scene(None, rng).image_bgr).plates for _ in range(5)] == [()] * 5


def test_plates_are_read_from_the_frame(plate_reader: PlatePipeline, scenes: tuple[Scene, ...]) -> None:
    """Leaning, turned, in one row or two: nearly all plates are read exactly, row by row."""
    right = [plate_reader.read(scene.image_bgr).plates[0].reading.rows == scene.plates[0][1] for scene in scenes]
    assert sum(right) >= 0.85 * len(scenes)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_size_of_the_frame_does_not_matter(plate_reader: PlatePipeline, scale: float) -> None:
    """Corners come in pixels of the frame that was given, however large that is."""
    rng = np.random.default_rng(11)
    size_hw = (round(240 * scale), round(320 * scale))
    scene = tinyland.draw_scene(("A104",), rng, size_hw)
    (plate,) = plate_reader.read(scene.image_bgr).plates
    assert quad_iou(plate.reading.quad_xy, scene.plates[0][0]) > 0.75
    assert plate.reading.text == "A104"


def test_times_are_told_for_each_stage(plate_reader: PlatePipeline, scenes: tuple[Scene, ...]) -> None:
    """Milliseconds of both stages come with each frame."""
    result = plate_reader.read(scenes[0].image_bgr)
    assert result.detect_ms > 0
    assert result.read_ms > 0


def test_readings_below_the_least_confidence_are_left_out(golden_model: OpenGolden, scenes: tuple[Scene, ...]) -> None:
    """`min_confidence` is about the least sure character."""
    detector, reader = Detector(golden_model("detector")), Reader(golden_model("reader"))
    confidence = PlatePipeline(detector, reader).read(scenes[0].image_bgr).plates[0].reading.confidence
    assert PlatePipeline(detector, reader, confidence).read(scenes[0].image_bgr).plates
    assert not PlatePipeline(detector, reader, confidence + 1e-6).read(scenes[0].image_bgr).plates


def character(label: str = "0", score: float = 1.0, x: float = 0.5, y: float = 0.5) -> Character:
    return Character(label, score, 1.0, x, y, 0.1, 0.2, np.array([score], np.float32))


def test_confidence_is_that_of_the_least_sure_character() -> None:
    """One doubtful character makes a doubtful plate; no character is no confidence."""
    quad = np.zeros((4, 2), np.float32)
    parsed = Parsed(None, False, {}, "")
    row = (character(score=0.9), character(score=0.2), character(score=0.8))
    assert Reading((row,), parsed, quad).confidence == 0.2
    assert Reading((), parsed, quad).confidence == 0.0


def test_a_reading_that_leaves_no_clear_peak_out_is_preferred() -> None:
    """Upside down, the grammar finds a valid text by leaving peaks out: such a reading gives way."""
    quad = np.zeros((4, 2), np.float32)
    parsed = Parsed("usual", True, {}, "")
    kept, bolt = (character(x=0.2), character(x=0.5)), character(x=0.8)
    whole = Reading((kept,), parsed, quad, candidates=kept)
    cut = Reading((kept,), parsed, quad, candidates=(*kept, bolt))
    assert best_reading([cut, whole]) is whole
    assert left_out(cut) == 1.0
    assert left_out(Reading((kept,), parsed, quad, twin=((bolt,),), candidates=(*kept, bolt))) == 0.0


@given(st.permutations(range(8)), st.floats(-0.03, 0.03))
def test_rows_do_not_depend_on_the_order_of_peaks(order: list[int], lean: float) -> None:
    """However the peaks are shuffled, and though rows lean a little, rows come from the top and left to right."""
    places = [(0.15 + 0.2 * (i % 4), 0.25 + 0.5 * (i // 4) + lean * (i % 4)) for i in range(8)]
    characters = [character(str(i), x=x, y=y) for i, (x, y) in enumerate(places)]
    rows = group_rows([characters[i] for i in order])
    assert ["".join(c.label for c in row) for row in rows] == ["0123", "4567"]


class TwoWayReader(Reader):
    """Reads a valid plate only from one given corner on."""

    def __init__(self, quad: Quad, score: float = 0.9, text: str = "A10", other: str = "0A", other_score: float = 0.95):
        self.model, self.decoder = cast(Model, LABELLED), PlateDecoder(LABELS, GRAMMAR)
        self.photo_curve = None
        self.right, self.text, self.other = quad, (text, score), (other, other_score)
        self.calls = 0

    def read(self, _: object, quad_xy: Quad) -> Reading:
        self.calls += 1
        text, score = self.text if np.array_equal(quad_xy, self.right) else self.other
        return replace(plate_of(text, score=score).reading, quad_xy=quad_xy)


class OnePlate(Detector):
    """Finds a plate with given turn scores, at a threshold of 0.4."""

    threshold = 0.4

    def __init__(self, turn_scores: tuple[float, float, float, float] = (1, 0, 0, 0), score: float = 0.9) -> None:
        self.plate = FoundPlate(np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float32), score, turn_scores)

    def detect(self, _: object, share: float = 1.0) -> list[FoundPlate]:
        return [self.plate] if self.plate.score >= share * self.threshold else []


class CountedReader(Reader):
    """Reads some equally probable characters on any plate."""

    def __init__(self, count: int, score: float = 1.0) -> None:
        self.decoder = PlateDecoder(LABELS, GRAMMAR)
        self.photo_curve = None
        self.count, self.score = count, score

    def read(self, _: object, quad_xy: Quad) -> Reading:
        parsed = Parsed("usual", True, {}, "A10")
        return Reading((tuple(character(score=self.score, x=0.1 * i) for i in range(self.count)),), parsed, quad_xy)


@pytest.mark.parametrize(
    ("score", "characters", "in_photo", "in_clip"),
    [(0.9, 0, 1, 1), (0.45, 8, 1, 1), (0.45, 0, 0, 1), (0.34, 8, 1, 0), (0.34, 2, 0, 0), (0.3, 30, 0, 0)],
)
def test_what_is_read_proves_a_doubtful_plate(score: float, characters: int, in_photo: int, in_clip: int) -> None:
    """In a photograph characters make a plate of a doubtful place, and a sticker without any of a likely one.

    A clip shows a plate again, so there the detector decides alone.
    """
    for is_photograph, count in ((True, in_photo), (False, in_clip)):
        device = PlatePipeline(OnePlate(score=score), CountedReader(characters), is_photograph=is_photograph)
        result = device.read(np.zeros((9, 9, 3), np.uint8))
        assert len(result.plates + result.low_confidence) == count


@pytest.mark.parametrize(("count", "score", "is_plate"), [(4, 0.75, True), (12, 0.25, False), (6, 0.5, True)])
def test_a_long_text_of_improbable_characters_proves_no_plate(count: int, score: float, is_plate: bool) -> None:
    """Of texts with as many expected characters, one with many wrong ones is what the grammar finds in clutter."""
    device = PlatePipeline(OnePlate(score=0.38), CountedReader(count, score), is_photograph=True)
    result = device.read(np.zeros((9, 9, 3), np.uint8))
    assert bool(result.plates + result.low_confidence) == is_plate


def test_a_proposal_far_from_a_plate_is_read_once() -> None:
    """Other corners and votes are for what a better reading could make a plate."""

    class Counting(CountedReader):
        calls = 0

        def read(self, _: object, quad_xy: Quad) -> Reading:
            self.calls += 1
            return super().read(_, quad_xy)

    for score, is_more in ((0.2, False), (0.5, True)):
        reader = Counting(0)
        PlatePipeline(OnePlate(score=score), reader, is_photograph=True).read(np.zeros((9, 9, 3), np.uint8))
        assert (reader.calls > 1) == is_more


def test_another_way_up_is_read_where_the_first_is_not_valid() -> None:
    """The next likely way is read too, however sure the detector is; a valid reading wins over a surer invalid one."""
    detector = OnePlate((0.9, 0.02, 0.08, 0.0))
    reader = TwoWayReader(roll_quad(detector.plate.quad_xy, 2))
    (plate,) = PlatePipeline(detector, reader).read(np.zeros((9, 9, 3), np.uint8)).plates
    assert reader.calls == 2
    assert plate.reading.parsed.valid
    np.testing.assert_array_equal(plate.reading.quad_xy, reader.right)


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_photograph_is_read_at_every_corner_however_sure_the_detector_is_of_one(turn: int) -> None:
    """A plate that leans as much as it is wide is seen lying on its side, and its text tells which way it is up."""
    detector = OnePlate((0.98, 0.0, 0.01, 0.01))
    reader = TwoWayReader(roll_quad(detector.plate.quad_xy, turn))
    result = PlatePipeline(detector, reader, is_photograph=True).read(np.zeros((9, 9, 3), np.uint8))
    (plate,) = (*result.plates, *result.low_confidence)
    assert plate.reading.parsed.valid


@pytest.mark.parametrize(
    ("score", "is_photograph", "calls"),
    [(0.85, False, 1), (0.95, True, 1), (0.85, True, 9), (0.55, False, 1), (0.45, False, 2), (0.75, True, 17)],
)
def test_a_sure_valid_reading_stands(score: float, is_photograph: bool, calls: int) -> None:
    """No time is spent on other ways where the first gives a valid reading that is sure enough."""
    detector = OnePlate((0.4, 0.3, 0.3, 0.0))
    reader = TwoWayReader(detector.plate.quad_xy, score, other_score=0.05)
    (plate,) = PlatePipeline(detector, reader, is_photograph=is_photograph).read(np.zeros((9, 9, 3), np.uint8)).plates
    assert reader.calls == calls
    assert plate.reading.parsed.valid


@pytest.mark.parametrize(("score", "expected"), [(0.6, "A40"), (0.95, "A10")])
def test_a_doubted_reading_of_a_photograph_is_put_to_the_vote(score: float, expected: str) -> None:
    """Readings at corners moved a little outvote the one at the corners found, sign by sign; never a sure one."""
    detector = OnePlate()
    reader = TwoWayReader(detector.plate.quad_xy, score, "A10", "A40", 0.8)
    result = PlatePipeline(detector, reader, is_photograph=True).read(np.zeros((9, 9, 3), np.uint8))
    assert [plate.reading.text for plate in result.plates] == [expected]
    assert [plate.reading.parsed.latin for plate in result.plates] == [expected]


def test_a_clips_reading_is_not(plate_reader: PlatePipeline) -> None:
    """A clip's own frames vote."""
    detector = OnePlate()
    reader = TwoWayReader(detector.plate.quad_xy, 0.6, "A10", "A40", 0.8)
    (plate,) = PlatePipeline(detector, reader).read(np.zeros((9, 9, 3), np.uint8)).plates
    assert plate.reading.text == "A10"


def test_a_photographs_plate_is_read_again_where_its_text_says_that_it_is() -> None:
    """Of a flat plate found twice too high the characters fill half: the second look is at about its own height."""
    seen: list[Quad] = []

    class Listening(Reader):
        def __init__(self) -> None:
            self.decoder, self.photo_curve = PlateDecoder(LABELS, GRAMMAR), None

        def read(self, _: object, quad_xy: Quad) -> Reading:
            seen.append(quad_xy)
            row = tuple(character(x=0.1 + 0.2 * i) for i in range(5))
            parsed = Parsed("usual", True, {}, "A10")
            return Reading((row,), parsed, quad_xy, margin=0.1)

    detector = OnePlate()
    (plate,) = PlatePipeline(detector, Listening(), is_photograph=True).read(np.zeros((9, 9, 3), np.uint8)).plates
    first, second = (quad_size(quad) for quad in seen)  # no better reading came of the second: it is the last
    assert second[1] < 0.7 * first[1]
    assert 0.95 < second[0] / first[0] < 1.2
    # Reported between where it was found and where its text says that it is, all the same.
    between = seen[0] + TEXT_WEIGHT * (seen[1] - seen[0])
    np.testing.assert_allclose(plate.reading.quad_xy, between, rtol=1e-5)
    seen.clear()
    (plate,) = PlatePipeline(detector, Listening()).read(np.zeros((9, 9, 3), np.uint8)).plates
    assert len(seen) == 1
    np.testing.assert_allclose(plate.reading.quad_xy, detector.plate.quad_xy)


def test_corners_that_the_reader_sees_are_reported_rather_than_those_of_the_text() -> None:
    """A reader that says where the corners are outweighs the detector; without it and without text, the detector's."""
    found = np.array([[0, 0], [100, 0], [100, 50], [0, 50]], np.float32)
    reading = Reading((), Parsed(None, False, {}, ""), found)
    np.testing.assert_array_equal(reported_corners(found, reading), found)
    seen = replace(reading, corners_of=lambda: found + np.float32(8))
    np.testing.assert_allclose(reported_corners(found, seen), found + 8 * SEEN_WEIGHT)


class _Corrects(Reader):
    """A reader that reads nothing for sure and sees each plate ten pixels further right."""

    def __init__(self, peaks: int) -> None:
        self.decoder = PlateDecoder(LABELS, GRAMMAR)
        self.seen: list[Quad] = []
        self.peaks = tuple(character(x=0.1 * i) for i in range(peaks))

    def read(self, _frame_bgr: Image, quad_xy: Quad) -> Reading:
        self.seen.append(quad_xy)
        right = quad_xy + np.array([10, 0], np.float32)
        return Reading((), Parsed(None, False, {}, ""), quad_xy, candidates=self.peaks, corners_of=lambda: right)


def test_an_unsure_reading_is_tried_again_at_the_corners_that_the_reader_sees() -> None:
    """In a camera's frame once, before any other way up; a sure reading is left alone."""
    reader = _Corrects(peaks=GRAMMAR.shortest - MISSED)
    CameraStrategy().read_plates(reader, np.zeros((9, 9, 3), np.uint8), (OnePlate().plate,))
    np.testing.assert_allclose(reader.seen[1], reader.seen[0] + (10, 0))
    assert len(reader.seen) == 3


def test_what_shows_no_text_is_read_once() -> None:
    """A lamp or sign that was taken for a plate of a camera's frame isn't read at other corners, in no view."""
    reader = _Corrects(peaks=GRAMMAR.shortest - MISSED - 1)
    plates = (OnePlate().plate,)
    (read,) = CameraStrategy().read_plates(reader, np.zeros((9, 9, 3), np.uint8), plates, [Effort(views=5)])
    assert len(reader.seen) == 1
    assert read.reading.clear_peaks == GRAMMAR.shortest - MISSED - 1


def test_few_characters_tell_no_corners() -> None:
    """A plate isn't made out of one or two signs."""
    quad = OnePlate().plate.quad_xy
    parsed = Parsed(None, False, {}, "")
    assert refined_corners(Reading((tuple(character(x=0.2 * i) for i in range(3)),), parsed, quad)) is None
    assert refined_corners(Reading((tuple(character(x=0.2 * i) for i in range(4)),), parsed, quad)) is not None


def test_the_second_turn_is_the_detectors_next_best() -> None:
    """Of the three other corners, the one that the detector finds likeliest."""
    assert [likely_orientation(OnePlate(scores).plate) for scores in ((0.9, 0.0, 0.1, 0.0), (0.5, 0.2, 0.1, 0.2))] == [
        2,
        1,
    ]


@pytest.mark.parametrize(
    ("label", "runtime"), [("0", "auto"), ("X", "auto"), ("0", "onnxruntime"), ("X", "onnxruntime")]
)
def test_classifier_tells_characters_apart(golden_model: OpenGolden, label: str, runtime: str) -> None:
    """Crops of any size get the label of the character that they show, with a probability."""
    if runtime == "onnxruntime":
        pytest.importorskip("onnxruntime")
    classifier = CharacterClassifier(golden_model("characters", runtime))
    rng = np.random.default_rng(4)
    for _ in range(10):
        found, confidence = classifier.classify(tinyland.draw_character(label, rng))
        assert found == label
        assert 0.5 < confidence <= 1


def test_classifier_says_what_it_does_not_know(golden_model: OpenGolden) -> None:
    """Below the model's own threshold the label is None and the confidence stays; `guess` tells the likeliest."""
    model = golden_model("characters", "auto")
    crop = tinyland.draw_character("X", np.random.default_rng(4))
    label, confidence = CharacterClassifier(model).guess(crop)
    for threshold, expected in ((confidence, "X"), (confidence + 0.001, None)):
        model.manifest = replace(model.manifest, thresholds={"reject": threshold})
        assert CharacterClassifier(model).classify(crop) == (expected, confidence)
    assert CharacterClassifier(model).guess(crop) == (label, confidence) == ("X", confidence)


@pytest.mark.parametrize("runtime", ["litert", "tflite", "onnxruntime", "opencv"])
def test_every_runtime_reads_the_same_texts(
    golden_model: OpenGolden, plate_reader: PlatePipeline, scenes: tuple[Scene, ...], runtime: str
) -> None:
    """The way from a frame to its text gives the same answer under every runtime that is installed."""
    try:
        other = PlatePipeline(Detector(golden_model("detector", runtime)), Reader(golden_model("reader", runtime)))
    except ModelError as error:
        pytest.skip(str(error))

    def texts(reader: PlatePipeline) -> list[list[str]]:
        return [[plate.reading.text for plate in reader.read(scene.image_bgr).plates] for scene in scenes[7:16]]

    assert texts(other) == texts(plate_reader)
