"""Read a source to its end: pictures to records, frames to events."""

import sys
from collections.abc import Callable
from datetime import timedelta

from lpr_edge.contract.errors import SourceError
from lpr_edge.frames import Frame, Source, Unreadable
from lpr_edge.pipeline import PlateReader
from lpr_edge.records import Record, error_record, event_record, image_record
from lpr_edge.sinks import Sink
from lpr_edge.tracker import GAP, Event, Tracker
from lpr_edge.views import Views
from lpr_edge.vitals import Vitals


class Loop:
    """One run over one source."""

    def __init__(
        self,
        reader: PlateReader,
        sink: Sink,
        views: Views,
        every_frame: bool = False,
        describe: Callable[[Event], Record] = event_record,
        gap: timedelta = GAP,
        vitals: Vitals | None = None,
    ) -> None:
        """Take what a run needs.

        Args:
            reader: finds and reads plates.
            sink: takes the records.
            views: window and saved pictures.
            every_frame: a record for each frame, where otherwise clips and cameras give one for each vehicle.
            describe: makes an event's record.
            gap: a vehicle that is back before so long has no second event.
            vitals: counts frames for those who watch.
        """
        self.reader = reader
        self.sink = sink
        self.views = views
        self.every_frame = every_frame
        self.describe = describe
        self.vitals = vitals or Vitals()
        self.frames = 0
        self.unreadable = 0
        self.milliseconds = 0.0
        self._tracker = Tracker(reader.reader.model.manifest.labels, reader.reader.grammar, gap)

    def run(self, source: Source, max_frames: int | None = None) -> None:
        """Read until the source ends, `max_frames` have been read, or the window is closed.

        Raises:
            SourceError: the source ended before its time; what was read until then has been written.
        """
        by_frame = self.every_frame or source.kind == "stills"
        try:
            for number, frame in enumerate(source.frames, 1):
                if not self._take(frame, by_frame) or number == max_frames:
                    break
        except (SourceError, KeyboardInterrupt):
            self._announce(self._tracker.flush())
            raise
        finally:
            source.close()
        self._announce(self._tracker.flush())

    def _take(self, frame: Frame | Unreadable, by_frame: bool) -> bool:
        """Read one frame; False where the user has closed the window."""
        if isinstance(frame, Unreadable):
            self.unreadable += 1
            print(f"lpr-edge: {frame.error}", file=sys.stderr)
            self.sink.write(error_record(frame))
            return True
        result = self.reader.read(frame.image_bgr)
        self.frames += 1
        self.milliseconds += result.detect_ms + result.read_ms
        self.vitals.note(frame, result)
        if by_frame:
            self.sink.write(image_record(frame, result))
        else:
            self._announce(self._tracker.update(frame, result.plates))
        self.sink.tend()
        return self.views.show(frame, result.plates)

    def _announce(self, events: list[Event]) -> None:
        for event in events:
            self.sink.write(self.describe(event), event)
            self.views.announce(event)
