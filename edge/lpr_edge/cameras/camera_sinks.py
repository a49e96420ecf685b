"""One sink per camera, for cameras with watch lists of their own, in front of one shared outbox."""

from collections.abc import Mapping

from lpr_edge.contract.records import Record, Sighting
from lpr_edge.delivery.sink import Layer, Sink


class SharedSink(Layer):
    """Passes records on without owning the inner sink: it neither maintains nor closes it."""

    def tick(self) -> None:
        """Do nothing: the owner of the inner sink does this."""

    def stop_waiting(self) -> None:
        """Do nothing: the owner of the inner sink does this."""

    def close(self) -> None:
        """Do nothing: the owner of the inner sink does this."""


class CameraSinks:
    """Passes each record to the sink of its camera."""

    def __init__(self, inner: Sink, by_camera: Mapping[str, Sink]) -> None:
        """Connect the sinks.

        Args:
            inner: where all of them end.
            by_camera: the sink of each camera, by the name that records have as `source`; cameras may share one.
        """
        self._inner = inner
        self._by_camera = dict(by_camera)
        self._ways = list({id(sink): sink for sink in by_camera.values()}.values())

    def write(self, record: Record, event: Sighting | None = None) -> None:
        """Write a record."""
        self._by_camera.get(record.get("source", ""), self._inner).write(record, event)

    def tick(self) -> None:
        """Do pending work."""
        for way in (*self._ways, self._inner):
            way.tick()

    def stop_waiting(self) -> None:
        """Stop waiting for slow readers."""
        for way in (*self._ways, self._inner):
            way.stop_waiting()

    def close(self) -> None:
        """Close all cameras' sinks, then the shared one."""
        for way in (*self._ways, self._inner):
            way.close()
