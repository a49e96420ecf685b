"""Clips of visits made from photographs by a script, with the ground truth of each frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from lpr_bench.visits.camera_effects import Camera
from lpr_bench.visits.scripts import FPS, Moment, Place, Script
from lpr_bench.visits.subjects import Subject
from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.geometry import quad_size

SIZE_HW = (720, 1280)
"""Height and width of a frame in pixels."""
START = datetime(2026, 1, 1, tzinfo=UTC)
LEGIBLE_PX = 14.0
"""Height of a plate's row from which a frame shows it legibly, if all of it is there."""
END_PX = (140.0, 240.0)
"""Least and most width of a plate at the end of an approach; between them it is the photograph's own."""
FEATHER = 0.03
"""Share of a photograph at each side that fades into the road."""
OCCLUDER_BGR = (70, 72, 75)
"""Colour of what hides a vehicle."""


@dataclass(frozen=True)
class Visit:
    """Ground truth of one vehicle's visit."""

    text: str
    source: str
    """Of its photograph or clip."""
    name: str
    """File of the photograph or clip."""
    first_s: float
    """Since the clip's beginning."""
    last_s: float


@dataclass(frozen=True)
class Mark:
    """A plate in a frame."""

    visit: int | None
    """Number of the clip's visit; None for a plate whose text isn't known."""
    quad_xy: Quad
    is_legible: bool = False


@dataclass(frozen=True)
class MarkedFrame:
    """A frame with the ground truth of every plate in it."""

    frame: Frame
    marks: tuple[Mark, ...] | None
    """None where only the times of visits are known."""


@dataclass(frozen=True)
class Staged:
    """One run of a script with its vehicles."""

    moments: Sequence[Moment]
    subjects: Sequence[Subject]
    road_bgr: Image


class MadeClip:
    """A clip of successive visits by one script, with empty road between them.

    Frames are made when they are asked for: a clip of them all would fill the memory.
    """

    def __init__(self, script: Script, subjects: Sequence[Subject], roads: Sequence[Image], seed: int) -> None:
        """Stage the visits.

        Args:
            script: how vehicles come and go.
            subjects: the vehicles, in their order.
            roads: frames (720, 1280, 3) without plates, taken in turn.
            seed: the same seed makes the same clip.
        """
        self.name = script.name
        self.seed = seed
        rng = np.random.default_rng(seed)
        count = max(1, script.vehicles)
        turns = len(subjects) // count
        self.stages = [
            Staged(
                script.moments(rng),
                subjects[turn * count : (turn + 1) * count] if script.vehicles else (),
                roads[turn % len(roads)],
            )
            for turn in range(turns)
        ]
        self.visits = tuple(_visits_of(self.stages))
        self.frame_count = sum(len(stage.moments) for stage in self.stages)

    @property
    def seconds(self) -> float:
        """Duration of the clip in seconds."""
        return self.frame_count / FPS

    def frames(self) -> Iterator[MarkedFrame]:
        """The frames, in order."""
        camera, index, visit = Camera(SIZE_HW, self.seed), 0, 0
        for stage in self.stages:
            images = [subject.read_image() for subject in stage.subjects]
            for moment in stage.moments:
                shift = camera.shake()
                scene = stage.road_bgr.copy()
                marks: list[Mark] = []
                for place in moment.places:
                    subject = stage.subjects[place.vehicle]
                    drawn = _draw(scene, images[place.vehicle], subject, place, shift)
                    marks = [mark for mark in marks if not _covers(drawn.box_ltrb, mark.quad_xy)]
                    marks += drawn.marks(subject, visit + place.vehicle)
                image = camera.expose(scene, moment, index)
                time = START + timedelta(seconds=index / FPS)
                yield MarkedFrame(Frame(image, self.name, index, time), tuple(marks))
                index += 1
            visit += len(stage.subjects)


def _visits_of(stages: Sequence[Staged]) -> Iterator[Visit]:
    begin = 0
    for stage in stages:
        for vehicle, subject in enumerate(stage.subjects):
            there = [i for i, moment in enumerate(stage.moments) if any(p.vehicle == vehicle for p in moment.places)]
            first, last = (begin + there[0]) / FPS, (begin + there[-1]) / FPS
            yield Visit(subject.text, subject.source, subject.path.name, first, last)
        begin += len(stage.moments)


@dataclass(frozen=True)
class Drawn:
    """A photograph at a place in a frame."""

    place: Place
    scale: float
    shift_xy: Floats
    """(2,) place of the photograph's top left in the frame."""
    box_ltrb: tuple[int, int, int, int]
    """The part of the frame that it covers."""

    def marks(self, subject: Subject, visit: int) -> list[Mark]:
        """Positions of its plates in the frame; empty while it is hidden."""
        if self.place.is_hidden:
            return []
        own = self.scale * subject.quad_xy + self.shift_xy
        others = [Mark(None, np.asarray(self.scale * quad + self.shift_xy, np.float32)) for quad in subject.others_xy]
        return [Mark(visit, np.asarray(own, np.float32), _is_legible(own, subject.rows)), *others]


def _is_legible(quad_xy: Quad, rows: int) -> bool:
    inside = (quad_xy >= 0).all() and (quad_xy < (SIZE_HW[1], SIZE_HW[0])).all()
    return bool(inside) and quad_size(quad_xy)[1] >= rows * LEGIBLE_PX


def _covers(box_ltrb: tuple[int, int, int, int], quad_xy: Quad) -> bool:
    """Whether something drawn in a box hides the centre of a plate."""
    x, y = quad_xy.mean(axis=0)
    left, top, right, bottom = box_ltrb
    return bool(left <= x < right and top <= y < bottom)


def _draw(scene_bgr: Image, photo_bgr: Image, subject: Subject, place: Place, shake_xy: Floats) -> Drawn:
    """Draw a vehicle's photograph into a scene (H, W, 3), in place, with blended edges."""
    scale = place.size * float(np.clip(subject.width_px, *END_PX)) / subject.width_px
    height, width = scene_bgr.shape[:2]
    middle = np.array([place.x * width, place.y * height], np.float32) + shake_xy
    shift = np.asarray(middle - scale * subject.quad_xy.mean(axis=0), np.float32)
    size = scale * np.array([photo_bgr.shape[1], photo_bgr.shape[0]], np.float32)
    left, top = np.floor(shift).astype(int).clip(0)
    right, bottom = (int(v) for v in np.ceil(shift + size).clip(0, (width, height)))
    drawn = Drawn(place, scale, shift, (int(left), int(top), right, bottom))
    if right > left and bottom > top:
        part = scene_bgr[top:bottom, left:right]
        part[:] = _blended(part, photo_bgr, scale, shift - (left, top), place.is_hidden)
    return drawn


def _blended(part_bgr: Image, photo_bgr: Image, scale: float, shift_xy: Floats, is_hidden: bool) -> Image:
    """Blend the photograph into a part of the scene, with its top left at `shift_xy` of the part."""
    size_wh = (part_bgr.shape[1], part_bgr.shape[0])
    halvings = max(0, int(np.floor(np.log2(1 / scale)))) if scale < 1 else 0
    small = photo_bgr
    if halvings:
        wanted = (max(1, photo_bgr.shape[1] >> halvings), max(1, photo_bgr.shape[0] >> halvings))
        small = np.asarray(cv2.resize(photo_bgr, wanted, interpolation=cv2.INTER_AREA), np.uint8)
    if is_hidden:
        small = np.full_like(small, OCCLUDER_BGR)
    by = scale * photo_bgr.shape[1] / small.shape[1], scale * photo_bgr.shape[0] / small.shape[0]
    matrix = np.array([[by[0], 0, shift_xy[0]], [0, by[1], shift_xy[1]]], np.float32)
    photo = cv2.warpAffine(small, matrix, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    weights = _feather(np.array([scale * photo_bgr.shape[1], scale * photo_bgr.shape[0]]), shift_xy, size_wh)
    return np.asarray(cv2.blendLinear(photo, part_bgr, weights, np.float32(1) - weights), np.uint8)


def _feather(size_wh: Floats, shift_xy: Floats, part_wh: tuple[int, int]) -> Floats:
    """(H, W) weights of a photograph: 1 inside, 0 at its edges."""
    sides = []
    for axis in (0, 1):
        place = (np.arange(part_wh[axis], dtype=np.float32) + 0.5 - shift_xy[axis]) / size_wh[axis]
        sides.append(np.clip(np.minimum(place, 1 - place) / FEATHER, 0, 1))
    return np.asarray(np.minimum(sides[1][:, None], sides[0][None, :]), np.float32)
