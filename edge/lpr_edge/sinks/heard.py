"""Events that were announced, counted and shown on the live page."""

from lpr_edge.records import Record
from lpr_edge.sinks.sink import Sink
from lpr_edge.tracker import Event
from lpr_edge.vitals import Vitals


class Heard:
    """A sink that tells `Vitals` of each event that another one has taken."""

    def __init__(self, sink: Sink, vitals: Vitals) -> None:
        self._sink = sink
        self._vitals = vitals

    def write(self, record: Record, event: Event | None = None) -> None:
        """Pass a record on; an event is then counted."""
        self._sink.write(record, event)
        if "event" in record:
            self._vitals.hear(record)

    def tend(self) -> None:
        """Pass it on."""
        self._sink.tend()

    def close(self) -> None:
        """Pass it on."""
        self._sink.close()
