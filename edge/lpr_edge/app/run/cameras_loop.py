"""Read several cameras with one set of networks; each camera has its own tracker, and they are served in turn."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from lpr_edge.base.log import logging_about
from lpr_edge.base.signals import Reloading
from lpr_edge.base.workers import surviving
from lpr_edge.cameras.newest import Item, SourceEnd
from lpr_edge.cameras.turns import FairTurns
from lpr_edge.capture.frame import Frame, NoFrame
from lpr_edge.collect.collector import Collector
from lpr_edge.config.input_groups import KEY
from lpr_edge.delivery.sink import Sink
from lpr_edge.service.handover import hand_on, take_over
from lpr_edge.tracking.visits import VehiclesAndVisits
from lpr_edge.wiring.frame_outputs import FrameOutputs


class CameraLoop(Protocol):
    """The part of a `Loop` that a run over several cameras uses."""

    frames: int
    views: FrameOutputs
    collector: Collector | None

    @property
    def labels(self) -> Sequence[str]:
        """Labels of the reader's classes."""

    def take(self, frame: Frame | NoFrame) -> bool:
        """Process an item of the camera."""

    def finish(self, goes_on: bool = False) -> None:
        """Report the vehicles that are present."""

    @property
    def vehicles(self) -> VehiclesAndVisits:
        """State of the tracker."""

    def resume(self, vehicles: VehiclesAndVisits) -> None:
        """Continue from the state of another run."""


class CamerasLoop:
    """One run over several cameras."""

    def __init__(self, loops: Mapping[str, CameraLoop], turns: FairTurns, sink: Sink, beat: Callable[[], None]) -> None:
        """Connect the parts of a run.

        Args:
            loops: by the camera's name; what they write goes to `sink` in the end.
            turns: gives the frames.
            sink: tended while no camera gives anything.
            beat: see `Loop`.
        """
        self.loops = dict(loops)
        self._labels = next(iter(self.loops.values())).labels
        self.failed = 0
        """How many cameras ended before their time."""
        self._turns = turns
        self.sink = sink
        self._beat = beat

    @property
    def frames(self) -> int:
        """Frames read from all cameras."""
        return sum(loop.frames for loop in self.loops.values())

    def run(self, max_frames: int | None = None) -> None:
        """Read until all cameras have ended, `max_frames` have been read, or a window is closed.

        Raises:
            Reloading: see `Loop.run`.
        """
        try:
            for turn in self._turns.items():
                if not self._take(turn) or (max_frames is not None and self.frames >= max_frames):
                    break
        except Reloading:
            self.sink.stop_waiting()
            self._finish(reloads=True)
            raise
        except KeyboardInterrupt:
            self.sink.stop_waiting()
            self._finish()
            raise
        finally:
            self._turns.close()
        self._finish()

    def _take(self, turn: tuple[str, Item] | None) -> bool:
        """Process an item; False if a window was closed."""
        if turn is None:
            self.sink.tick()
            self._beat()
            return True
        name, item = turn
        with logging_about(name):
            if isinstance(item, SourceEnd):
                self.failed += item.error is not None
                self.loops[name].finish()
                return True
            return self.loops[name].take(item)

    def _finish(self, reloads: bool = False) -> None:
        live = self._turns.live() if reloads else ()
        for name, loop in self.loops.items():
            loop.finish(goes_on=name in live)

    def hand_on(self) -> None:
        """Pass the trackers' state to the next run in this process; a video file is read from its beginning."""
        live = self._turns.live()
        with surviving("reload"):
            hand_on({name: loop.vehicles for name, loop in self.loops.items() if name in live}, self._labels, KEY)

    def take_over(self) -> None:
        """Continue from the trackers' state of the run before a reload, for each camera that it had too."""
        before: Mapping[str, VehiclesAndVisits] = take_over(self._labels, KEY) or {}
        for name, vehicles in before.items():
            if name in self.loops:
                self.loops[name].resume(vehicles)
