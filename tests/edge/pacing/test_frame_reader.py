from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
from tests.support.readings import GRAMMAR, LABELS, frame, plate, quad_at

from lpr_edge.pacing.frame_reader import FrameReader
from lpr_edge.text.decoding import PlateDecoder
from lpr_edge.tracking.tracker import Tracker
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.plates import Effort, ExpectedPlate, FoundPlate, FrameResult, Plan, PlateReading

THRESHOLD = 0.5


class Pipeline:
    """Finds what it is told to, and reads "A10" wherever it may read."""

    def __init__(self) -> None:
        self.found: list[FoundPlate] = []
        self.efforts: list[Sequence[Effort]] = []
        self.expected: Sequence[ExpectedPlate] = ()
        self.text = "A10"

    def read(self, _: object, plan: Plan, expected: Sequence[ExpectedPlate]) -> FrameResult:
        self.expected = expected
        efforts = plan(self.found)
        self.efforts.append(efforts)
        plates = tuple(p for pair in zip(self.found, efforts, strict=True) if (p := self._plate(*pair)))
        return FrameResult(plates, 1.0, 1.0, tuple(self.found), readings=sum(e.views for e in efforts))

    def _plate(self, found: FoundPlate, effort: Effort) -> PlateReading | None:
        if effort.views:
            return replace(plate(self.text, float(found.quad_xy[0, 0])), found=found)
        if effort.carried is None:
            return None
        return PlateReading(found, replace(effort.carried, quad_xy=found.quad_xy), is_carried=True)


class Run:
    """A frame reader over still, or moving, frames."""

    def __init__(self) -> None:
        self.pipeline = Pipeline()
        self.tracker = Tracker(PlateDecoder(LABELS, GRAMMAR), threshold=THRESHOLD)
        self.reader = FrameReader(cast(PlatePipeline, self.pipeline), self.tracker)
        self.texts: list[str] = []

    def frames(self, numbers: range, *found: FoundPlate, is_still: bool = False) -> list[FrameResult]:
        results = []
        for number in numbers:
            self.pipeline.found = list(found)
            level = 60 if is_still else 60 + 40 * (number % 2)
            image = np.full((120, 200, 3), 60, np.uint8)
            image[:30] = level
            shown = replace(frame(number), image_bgr=image)
            result = self.reader.read(shown)
            self.texts += [event.plate.reading.text for event in self.tracker.update(shown, result.all_plates)]
            results.append(result)
        return results


def found_at(x: float, score: float = 0.9) -> FoundPlate:
    return FoundPlate(quad_at(x), score, (1.0, 0.0, 0.0, 0.0))


def test_low_scores_continue_tracks_and_begin_none() -> None:
    """A detection below the threshold isn't read without a track, and keeps a track where it is."""
    run = Run()
    run.frames(range(3), found_at(50, 0.3))
    assert run.tracker.vehicles.tracks == []
    assert [list(efforts) for efforts in run.pipeline.efforts] == [[Effort(0)]] * 3
    run.frames(range(3, 4), found_at(50))
    run.frames(range(4, 7), found_at(52, 0.3))
    assert [track.frames for track in run.tracker.vehicles.tracks] == [4]
    assert run.texts == ["A10"]


def test_an_announced_plate_is_followed_and_read_once_a_second() -> None:
    """Its text is carried along where it moves; no other reading of it is made until a second has passed."""
    run = Run()
    results = run.frames(range(30), found_at(50))
    views = [efforts[0].views for efforts in run.pipeline.efforts]
    assert run.texts == ["A10"]
    assert views[4:] == [int(number % 10 == 3) for number in range(4, 30)]
    assert {result.plates[0].reading.text for result in results} == {"A10"}
    assert results[5].plates[0].is_carried


def test_another_vehicle_in_its_place_is_noticed() -> None:
    """Once a due reading differs, each frame is read until the next vehicle is announced."""
    run = Run()
    run.frames(range(10), found_at(50))
    run.pipeline.text = "L47"
    run.frames(range(10, 30), found_at(50))
    assert run.texts == ["A10", "L47"]


def test_still_frames_are_skipped_but_for_one_a_second() -> None:
    """Without motion nothing is looked at once every plate is announced; its plates stay where they were."""
    run = Run()
    results = run.frames(range(33), found_at(50), is_still=True)
    looked = [number for number, result in enumerate(results) if not result.is_skipped]
    assert looked == [0, 1, 2, 3, 13, 23]
    assert all(result.plates[0].reading.text == "A10" for result in results)
    assert run.texts == ["A10"]
    assert len(run.tracker.vehicles.tracks) == 1


def test_an_empty_still_road_is_skipped_and_a_moving_one_is_not() -> None:
    """Nothing there and nothing moving: one frame a second; any motion is looked at."""
    assert sum(not result.is_skipped for result in Run().frames(range(20), is_still=True)) == 2
    assert not any(result.is_skipped for result in Run().frames(range(20)))
