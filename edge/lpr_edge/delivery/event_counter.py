"""Events that were announced, counted and shown on the live page."""

from lpr_edge.contract.records import Record, Sighting
from lpr_edge.delivery.sink import Layer, Sink
from lpr_edge.service.runtime_stats import RuntimeStats


class EventCounter(Layer):
    """Tells `RuntimeStats` of each event that a sink has taken."""

    def __init__(self, inner: Sink, stats: RuntimeStats) -> None:
        super().__init__(inner)
        self._stats = stats

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Pass a record on; an event is then counted."""
        super().write(record, event)
        if "event" in record:
            self._stats.hear(record)
