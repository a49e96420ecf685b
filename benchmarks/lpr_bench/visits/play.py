"""Play a clip to the device's pipeline and tracker, and record their events."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import thread_time
from typing import Protocol

import cv2
import numpy as np

from lpr_bench.visits.clips import START, Mark, MarkedFrame, Visit
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.pacing.frame_reader import FrameReader
from lpr_edge.tracking.event import Event
from lpr_edge.tracking.tracker import Tracker, TrackObserver
from lpr_edge.vision.pipeline import PlatePipeline

STRIP = 6
"""Pictures of a visit that are kept, at most, spread over its frames."""
PICTURE_WH = (200, 112)
"""Width and height of each in pixels."""


class Clip(Protocol):
    """A clip that can be played."""

    name: str
    visits: tuple[Visit, ...]

    @property
    def seconds(self) -> float:
        """Duration in seconds."""

    def frames(self) -> Iterator[MarkedFrame]:
        """Its frames, in order."""


@dataclass(frozen=True)
class ObservedEvent:
    """An event, and the time when it was reported."""

    text: str
    time_s: float
    """Of the frame after which it was announced, since the clip's beginning."""
    first_s: float
    last_s: float
    """When the event says that the plate was there."""
    confidence: float
    quad_xy: Quad
    marks: tuple[Mark, ...] | None
    """Plates of the frame that the event shows; None where they aren't known."""


@dataclass
class PlayedClip:
    """A clip with the recorded events."""

    clip: Clip
    events: list[ObservedEvent] = field(default_factory=list)
    frames: int = 0
    cpu_s: float = 0.0
    """Of pipeline and tracker, this thread's."""
    legible_s: dict[int, float] = field(default_factory=dict)
    """Visit -> when its plate was first legible; none of those that never were."""
    marks: dict[datetime, tuple[Mark, ...] | None] = field(default_factory=dict)
    """Time of a frame -> the plates in it; None where they aren't known."""
    strips: dict[int, list[Image]] = field(default_factory=dict)
    """Visit -> pictures of it."""
    skipped: int = 0
    """Frames that weren't looked at, since nothing had moved."""


def play(
    clip: Clip, pipeline: PlatePipeline, with_strips: bool = False, observer: TrackObserver | None = None
) -> PlayedClip:
    """Play a clip from its beginning to its end.

    Args:
        clip: gives frames.
        pipeline: finds and reads plates.
        with_strips: keep pictures of the visits.
        observer: sees the readings behind the events.
    """
    played = PlayedClip(clip)
    tracker = Tracker(
        pipeline.reader.decoder,
        accepts=lambda vote: pipeline.is_confident(vote, any_text=False),
        threshold=pipeline.detector.threshold,
        observer=observer,
    )
    reader = FrameReader(pipeline, tracker)
    marks: dict[int, tuple[Mark, ...] | None] = {}
    time_s = 0.0
    for marked in clip.frames():
        time_s = _seconds(marked.frame.time - START)
        marks[marked.frame.index] = played.marks[marked.frame.time] = marked.marks
        start = thread_time()
        result = reader.read(marked.frame)
        events = tracker.update(marked.frame, result.all_plates)
        played.cpu_s += thread_time() - start
        played.frames += 1
        played.skipped += result.is_skipped
        played.events += [_observed(event, time_s, marks) for event in events]
        _note(played, marked, time_s, with_strips)
    played.events += [_observed(event, time_s, marks) for event in tracker.flush()]
    return played


def _observed(event: Event, time_s: float, marks: dict[int, tuple[Mark, ...] | None]) -> ObservedEvent:
    reading = event.plate.reading
    first, last = _seconds(event.first_seen - START), _seconds(event.last_seen - START)
    shown = marks[event.frame.index]
    return ObservedEvent(reading.text, time_s, first, last, reading.confidence, event.quad_xy, shown)


def _seconds(span: timedelta) -> float:
    return span.total_seconds()


def _note(played: PlayedClip, marked: MarkedFrame, time_s: float, with_strips: bool) -> None:
    """Record when each plate becomes legible, and images of it; in a real visit it always is."""
    if marked.marks is None:
        played.legible_s = {number: visit.first_s for number, visit in enumerate(played.clip.visits)}
    for mark in marked.marks or ():
        if mark.visit is not None and mark.is_legible:
            played.legible_s.setdefault(mark.visit, time_s)
        if mark.visit is not None and with_strips:
            _add_picture(played.strips.setdefault(mark.visit, []), marked.frame.image_bgr, mark.quad_xy)


def _add_picture(strip: list[Image], frame_bgr: Image, quad_xy: Quad) -> None:
    """Store an image of a plate; beyond the maximum, every second one is dropped."""
    middle, width = quad_xy.mean(axis=0), max(60.0, 2.2 * float(np.ptp(quad_xy[:, 0])))
    matrix = np.array([[1, 0, width / 2 - middle[0]], [0, 1, 0.28 * width - middle[1]]], np.float32)
    matrix *= PICTURE_WH[0] / width
    strip.append(np.asarray(cv2.warpAffine(frame_bgr, matrix, PICTURE_WH), np.uint8))
    if len(strip) > 2 * STRIP:
        del strip[1::2]
