"""Scripts of how vehicles come and go, a few seconds each, frame by frame."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

FPS = 15.0
"""Frames a second of all scripts."""
APPROACH = 24
"""Frames of an approach."""
ROAD = 20
"""Frames of empty road behind each visit: longer than a vehicle may be lost for."""
FARTHEST = 1 / 3
"""Width of a plate at the beginning of an approach, relative to that at its end."""


@dataclass(frozen=True)
class Place:
    """A vehicle in one frame."""

    vehicle: int
    """Its number among the script's, from 0."""
    size: float
    """Width of its plate, relative to its width at the end of an approach."""
    x: float
    """Of its plate's middle, as a share of the frame's width; below 0 or above 1 outside of the frame."""
    y: float
    """Of its middle, as a share of the height."""
    is_hidden: bool = False
    """Whether something stands before it."""


@dataclass(frozen=True)
class Moment:
    """Content of one frame."""

    places: tuple[Place, ...] = ()
    """The farthest vehicle first."""
    light: float = 1.0
    """Brightness relative to the photograph's."""
    bars: float = 0.0
    """Depth of the dark bars that lamps and a rolling shutter make, 0 to 1."""


Moments = list[Moment]


@dataclass(frozen=True)
class Script:
    """A way in which vehicles come and go."""

    name: str
    make: Callable[[np.random.Generator], Moments] = field(repr=False)
    vehicles: int = 1
    """How many vehicles one turn of the script needs."""

    def moments(self, rng: np.random.Generator) -> Moments:
        """One run of the script, followed by empty road."""
        moments = self.make(rng)
        after = replace(moments[-1], places=())
        return [*moments, *[after] * ROAD]


@dataclass(frozen=True)
class Way:
    """A straight path towards the camera, in fractions of the frame."""

    start_xy: tuple[float, float]
    end_xy: tuple[float, float]

    def at(self, progress: float, vehicle: int = 0, is_hidden: bool = False) -> Place:
        """Position of a vehicle with constant speed: its size is inversely proportional to the distance.

        Args:
            progress: fraction of the way, 0..1.
            vehicle: its number.
            is_hidden: whether something stands before it.
        """
        size = 1 / (1 / FARTHEST + (1 - 1 / FARTHEST) * progress)
        done = (size - FARTHEST) / (1 - FARTHEST)
        x, y = (a + (b - a) * done for a, b in zip(self.start_xy, self.end_xy, strict=True))
        return Place(vehicle, size, x, y, is_hidden)


def random_way(rng: np.random.Generator, middle: float = 0.5, width: float = 0.3) -> Way:
    """A random path that ends in the lower half of the frame.

    Args:
        rng: where from.
        middle: of where it ends, as a share of the frame's width.
        width: of the part of the frame where it may end.
    """
    end = middle + width * float(rng.uniform(-0.5, 0.5))
    return Way((0.5 + 0.4 * (end - 0.5), 0.38), (end, float(rng.uniform(0.6, 0.75))))


def _shares(frames: int) -> Iterator[float]:
    return (float(share) for share in np.linspace(0, 1, frames))


def approach(rng: np.random.Generator) -> Moments:
    """A vehicle approaches at a constant speed, and leaves."""
    way = random_way(rng)
    return [Moment((way.at(share),)) for share in _shares(APPROACH)]


def pass_by(rng: np.random.Generator) -> Moments:
    """A vehicle crosses the frame from one side to the other."""
    y, size, leftwards = float(rng.uniform(0.45, 0.7)), float(rng.uniform(0.6, 0.9)), bool(rng.integers(2))
    places = [Place(0, size, -0.2 + 1.4 * share, y) for share in _shares(APPROACH)]
    return [Moment((place,)) for place in (places[::-1] if leftwards else places)]


def stop_and_wait(rng: np.random.Generator) -> Moments:
    """A vehicle approaches, stands for three seconds, and leaves."""
    way = random_way(rng)
    return [Moment((way.at(share),)) for share in [*_shares(16), *[1.0] * 45]]


def stop_and_go(rng: np.random.Generator) -> Moments:
    """A vehicle in a queue approaches in three stages, and stands for a second after each."""
    way = random_way(rng)
    shares = [
        share for third in range(3) for share in [*np.linspace(third / 3, (third + 1) / 3, 6), *[(third + 1) / 3] * 15]
    ]
    return [Moment((way.at(float(share)),)) for share in shares]


def two_at_once(rng: np.random.Generator) -> Moments:
    """Two vehicles approach side by side."""
    ways = [random_way(rng, middle, 0.1) for middle in (0.25, 0.75)]
    return [Moment(tuple(way.at(share, vehicle) for vehicle, way in enumerate(ways))) for share in _shares(APPROACH)]


def one_behind_the_other(rng: np.random.Generator) -> Moments:
    """A second vehicle follows on the same path, half a second later."""
    way, after = random_way(rng), 8
    first, second = list(_shares(APPROACH)), list(_shares(APPROACH))
    moments = []
    for frame in range(APPROACH + after):
        later = [way.at(second[frame - after], 1)] if frame >= after else []
        earlier = [way.at(first[frame], 0)] if frame < APPROACH else []
        # The nearer one hides what is behind it.
        moments.append(Moment(tuple([replace(place, is_hidden=bool(earlier)) for place in later] + earlier)))
    return [*moments, *[Moment((way.at(1.0, 1),))] * 8]


def hidden_for_a_second(rng: np.random.Generator) -> Moments:
    """A vehicle approaches, and is occluded for a second."""
    way = random_way(rng)
    before = [way.at(share) for share in np.linspace(0, 0.7, 16)]
    hidden = [way.at(share, is_hidden=True) for share in np.linspace(0.7, 0.8, 15)]
    after = [way.at(share) for share in np.linspace(0.8, 1, 10)]
    return [Moment((place,)) for place in [*before, *hidden, *after]]


def night(rng: np.random.Generator) -> Moments:
    """An approach in the dark."""
    light = float(rng.uniform(0.15, 0.3))
    return [replace(moment, light=light) for moment in approach(rng)]


def rolling_bars(rng: np.random.Generator) -> Moments:
    """A vehicle approaches under flickering lamps, which a rolling shutter shows as bars."""
    depth = float(rng.uniform(0.3, 0.6))
    return [replace(moment, bars=depth) for moment in approach(rng)]


def empty_road(_: np.random.Generator) -> Moments:
    """No vehicle comes; the camera sees the road for three seconds."""
    return [Moment()] * round(3 * FPS - ROAD)


SCRIPTS = {
    script.name: script
    for script in (
        Script("approach", approach),
        Script("pass-by", pass_by),
        Script("stop-and-wait", stop_and_wait),
        Script("stop-and-go", stop_and_go),
        Script("two-at-once", two_at_once, 2),
        Script("one-behind-the-other", one_behind_the_other, 2),
        Script("hidden", hidden_for_a_second),
        Script("night", night),
        Script("rolling-bars", rolling_bars),
        Script("road", empty_road, 0),
    )
}
"""By name. `road` has no vehicle: every event of it is false."""
