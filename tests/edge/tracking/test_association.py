from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import numpy as np
import pytest
from tests.support.readings import START, plate, quad_at

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.tracking.association import are_two, associate, distance
from lpr_edge.tracking.motion import Motion
from lpr_edge.tracking.track import Track
from lpr_edge.vision.plates import PlateReading

LATER = START + timedelta(seconds=0.1)


def track(number: int, x: float, text: str = "A10", speed: float | None = None) -> Track:
    velocity = None if speed is None else np.array([speed, 0], np.float32)
    made = Track(number, START, START, Motion(quad_at(x), START, velocity), quad_at(x))
    made.latest = plate(text, x).reading
    return made


def scored(text: str, x: float, score: float) -> PlateReading:
    made = plate(text, x)
    return replace(made, found=replace(made.found, score=score))


def scaled(by: float) -> Quad:
    middle = quad_at(50).mean(axis=0)
    return np.asarray(middle + by * (quad_at(50) - middle), np.float32)


def given(tracks: list[Track], plates: list[PlateReading]) -> dict[int, int]:
    """Place of a plate -> number of its track."""
    return {place: own.number for place, own in associate(tracks, plates, LATER, 0.5).items()}


def test_distance_is_in_longer_sides() -> None:
    """Plates of 60 pixels whose middles are 30 apart are half a side apart; twice as large ones are others."""
    assert distance(quad_at(50), quad_at(80)) == pytest.approx(0.5)
    assert distance(quad_at(50), quad_at(50)) == 0
    assert np.isfinite(distance(quad_at(50), scaled(1.9)))
    assert distance(quad_at(50), scaled(2.1)) == float("inf")


def test_the_nearest_pair_is_given_first() -> None:
    """Of two tracks, each takes the plate where its own motion expects it, though the texts have changed."""
    tracks = [track(1, 50, speed=200), track(2, 90, speed=-200)]
    assert given(tracks, [plate("L47", 70), plate("L47", 74)]) == {0: 1, 1: 2}


def test_what_is_out_of_reach_is_new_unless_it_reads_the_same() -> None:
    """A plate two sides away is another vehicle's; with the same text it is the one that moved so fast."""
    tracks = [track(1, 0, speed=0)]
    assert given(tracks, [plate("L47", 120)]) == {}
    assert given(tracks, [plate("A10", 120)]) == {0: 1}


def test_low_scores_get_what_is_left() -> None:
    """A plate of high score takes the track though one of low score is nearer; by text alone a low one gets none."""
    assert given([track(1, 50)], [scored("A10", 50, 0.2), scored("A10", 60, 0.9)]) == {1: 1}
    assert given([track(1, 50)], [scored("A10", 52, 0.2)]) == {0: 1}
    assert given([track(1, 0, speed=0)], [scored("A10", 120, 0.2)]) == {}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_the_plates_is_nothing_to_it(order: tuple[int, ...]) -> None:
    """However a frame lists its plates, each has its own track, and no track two plates."""
    tracks = [track(1, 0), track(2, 70), track(3, 140)]
    plates = [plate("A10", x) for x in (3, 68, 150)]
    found = given(tracks, [plates[place] for place in order])
    assert found == {place: order[place] + 1 for place in range(3)}


def test_two_valid_texts_with_little_in_common_are_of_two_vehicles() -> None:
    """More than half of the characters differ; a text that no form allows decides nothing."""
    assert are_two(plate("A10").reading, plate("L47").reading)
    assert not are_two(plate("A10").reading, plate("A17").reading)
    assert not are_two(plate("A10").reading, plate("7X4A").reading)
    assert not are_two(None, plate("A10").reading)
