"""The loop over one source: images become records, frames become events."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from lpr_edge.base.log import warn
from lpr_edge.base.signals import Reloading
from lpr_edge.base.workers import surviving
from lpr_edge.capture.frame import Frame, NoFrame, Source, UnreadableImage
from lpr_edge.collect.collector import Collector
from lpr_edge.contract.base.arrays import Floats
from lpr_edge.contract.base.errors import SourceError
from lpr_edge.contract.records import Record
from lpr_edge.delivery.sink import Sink
from lpr_edge.pacing.frame_reader import FrameReader
from lpr_edge.privacy.blur import PlateBlurrer
from lpr_edge.service.handover import hand_on, take_over
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.tracking.event import Event
from lpr_edge.tracking.event_record import error_record, event_record, image_record
from lpr_edge.tracking.tracker import GAP, Tracker
from lpr_edge.tracking.visits import VehiclesAndVisits, Visits
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.wiring.frame_outputs import FrameOutputs


class Loop:
    """One run over one source."""

    def __init__(
        self,
        reader: PlatePipeline,
        sink: Sink,
        views: FrameOutputs,
        every_frame: bool = False,
        describe: Callable[[Event], Record] = event_record,
        gap: timedelta = GAP,
        stats: RuntimeStats | None = None,
        any_text: bool = False,
        blurrer: PlateBlurrer | None = None,
        beat: Callable[[], None] = lambda: None,
        line: Floats | None = None,
        reports_left: bool = False,
        camera: str = "",
        collector: Collector | None = None,
    ) -> None:
        """Connect the parts of a run.

        Args:
            reader: finds and reads plates.
            sink: takes the records.
            views: window and saved pictures.
            every_frame: a record for each frame, where otherwise clips and cameras give one for each vehicle.
            describe: makes an event's record.
            gap: a vehicle that is back before so long has no second event.
            stats: counts frames for those who watch.
            any_text: announce texts, too, that no form of the country allows.
            blurrer: hides plates from all that keeps or shows pictures.
            beat: called while the loop lives: after each frame, and twice a second where none comes.
            line: (2, 2) whose crossing gives an event's direction, see `Line`.
            reports_left: whether a vehicle has another event when it has left.
            camera: name of this one of several; empty where it is the only one. Ids of its events end in it.
            collector: keeps readings worth labelling.
        """
        self.reader = reader
        self.sink = sink
        self.views = views
        self.every_frame = every_frame
        self.describe = describe
        self.stats = stats or RuntimeStats()
        self._blurrer = blurrer
        self._beat = beat
        self._camera = camera
        self._by_frame = every_frame
        self.frames = 0
        self.unreadable = 0
        self.milliseconds = 0.0
        self.labels = reader.reader.decoder.labels
        self.collector = collector
        tracker = Tracker(
            reader.reader.decoder,
            gap,
            lambda voted: reader.is_confident(voted, any_text),
            reader.detector.threshold,
            observer=collector,
        )
        self._frame_reader = FrameReader(reader, tracker)
        self._tracker = Visits(tracker, line, reports_left)
        self._events: deque[Event] = deque()
        """Not announced yet: a stop may come between two of them."""

    def run(self, source: Source, max_frames: int | None = None) -> None:
        """Read until the source ends, `max_frames` have been read, or the window is closed.

        Raises:
            SourceError: the source ended before its time; what was read until then has been written.
            Reloading: the same process is to begin again; vehicles of a live source then go on, see `hand_on`.
        """
        self._by_frame = self.every_frame or source.kind == "stills"
        number = 0
        try:
            for frame in source.frames:
                number += not isinstance(frame, NoFrame)
                if not self.take(frame) or number == max_frames:
                    break
        except Reloading:
            self.sink.stop_waiting()
            self.finish(goes_on=source.kind == "live")
            raise
        except (SourceError, KeyboardInterrupt) as end:
            if isinstance(end, KeyboardInterrupt):
                self.sink.stop_waiting()
            self.finish()
            raise
        finally:
            source.close()
        self.finish()

    def hand_on(self, source: Source) -> None:
        """Pass the tracker's state for a live source to the next run in this process; a video file starts again."""
        if source.kind == "live":
            with surviving("reload"):
                hand_on(self.vehicles, self.labels, source.name)

    def take_over(self, source: Source) -> None:
        """Continue from the tracker's state of the run before a reload."""
        vehicles = take_over(self.labels, source.name)
        if vehicles is not None:
            self.resume(vehicles)

    @property
    def vehicles(self) -> VehiclesAndVisits:
        """State of the tracker, for `resume`."""
        return self._tracker.vehicles

    def resume(self, vehicles: VehiclesAndVisits) -> None:
        """Continue from the state of another run over this source."""
        self._tracker.resume(vehicles)

    def finish(self, goes_on: bool = False) -> None:
        """Report the vehicles that are present at the end; not yet if another run continues with them."""
        self._announce([] if goes_on else self._tracker.flush())

    def take(self, frame: Frame | UnreadableImage | NoFrame) -> bool:
        """Process an item of the source; False if the user has closed the window."""
        goes_on = True
        if isinstance(frame, NoFrame):
            self._announce(self._tracker.wait(frame.time, frame.clock_set))
        elif isinstance(frame, UnreadableImage):
            self.unreadable += 1
            warn(frame.error)
            self.sink.write(error_record(frame))
        else:
            goes_on = self._read(frame)
        self.sink.tick()
        self._beat()
        return goes_on

    def _read(self, frame: Frame) -> bool:
        result = self.reader.read(frame.image_bgr) if self._by_frame else self._frame_reader.read(frame)
        self.frames += 1
        self.milliseconds += result.detect_ms + result.read_ms
        self.stats.add(frame, result)
        if self._blurrer:
            frame = self._blurrer.over(frame, result.seen)
        if self._by_frame:
            self.sink.write(image_record(frame, result))
            if self.collector:
                self.collector.see_picture(frame, result)
        else:
            self._announce(self._tracker.update(frame, result.all_plates))
        return self.views.show(frame, result.plates, result.low_confidence)

    def _announce(self, events: list[Event]) -> None:
        self._events += (
            [replace(event, id=f"{event.id}-{self._camera}") for event in events] if self._camera else events
        )
        while self._events:
            event = self._events[0]
            self.sink.write(self.describe(event), event)
            self.views.announce(event)
            self._events.popleft()
