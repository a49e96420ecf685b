"""Read several cameras, each with vehicles of its own: one set of networks, one turn for each camera's newest frame."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from lpr_edge.base.log import logging_about
from lpr_edge.base.signals import Reloading
from lpr_edge.base.workers import surviving
from lpr_edge.cameras.newest import Item, SourceEnd
from lpr_edge.cameras.turns import FairTurns
from lpr_edge.capture.frame import Frame, NoFrame
from lpr_edge.collect.collector import Collector
from lpr_edge.config.cameras import KEY
from lpr_edge.delivery.sink import Sink
from lpr_edge.service.handover import hand_on, take_over
from lpr_edge.tracking.visits import VehiclesAndVisits
from lpr_edge.wiring.frame_outputs import FrameOutputs


class CameraLoop(Protocol):
    """What a run over several cameras needs of each one's `Loop`."""

    frames: int
    views: FrameOutputs
    collector: Collector | None

    @property
    def labels(self) -> Sequence[str]:
        """Of the reader's classes."""

    def take(self, frame: Frame | NoFrame) -> bool:
        """Take what the camera gave."""

    def finish(self, goes_on: bool = False) -> None:
        """Announce the vehicles that are there."""

    @property
    def vehicles(self) -> VehiclesAndVisits:
        """Those that are there."""

    def resume(self, vehicles: VehiclesAndVisits) -> None:
        """Go on with those of another run."""


class CamerasLoop:
    """One run over several cameras."""

    def __init__(self, loops: Mapping[str, CameraLoop], turns: FairTurns, sink: Sink, beat: Callable[[], None]) -> None:
        """Take what a run needs.

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
        """Frames read of all cameras."""
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
            self.sink.hurry()
            self._finish(reloads=True)
            raise
        except KeyboardInterrupt:
            self.sink.hurry()
            self._finish()
            raise
        finally:
            self._turns.close()
        self._finish()

    def _take(self, turn: tuple[str, Item] | None) -> bool:
        """Take a turn; False where a window was closed."""
        if turn is None:
            self.sink.tend()
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
        """Leave the vehicles of each camera to the run that follows in this process; a clip is read again."""
        live = self._turns.live()
        with surviving("reload"):
            hand_on({name: loop.vehicles for name, loop in self.loops.items() if name in live}, self._labels, KEY)

    def take_over(self) -> None:
        """Go on with the vehicles of the run before, if this one follows a reload, of each camera that it had, too."""
        before: Mapping[str, VehiclesAndVisits] = take_over(self._labels, KEY) or {}
        for name, vehicles in before.items():
            if name in self.loops:
                self.loops[name].resume(vehicles)
