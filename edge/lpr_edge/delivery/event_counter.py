"""Counts events for the live page and the metrics."""

from lpr_edge.contract.records import Record, Sighting
from lpr_edge.delivery.sink import Layer, Sink
from lpr_edge.service.runtime_stats import RuntimeStats


class EventCounter(Layer):
    """A sink layer that counts each event in `RuntimeStats` after the inner sink has taken it."""

    def __init__(self, inner: Sink, stats: RuntimeStats) -> None:
        super().__init__(inner)
        self._stats = stats

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Pass a record on, and count it if it is an event."""
        super().write(record, event)
        if "event" in record:
            self._stats.count_event(record)
