"""A sink for each camera's records, where cameras have watch lists of their own, and one outbox behind all."""

from collections.abc import Mapping

from lpr_edge.contract.records import Record, Sighting
from lpr_edge.delivery.sink import Layer, Sink


class SharedSink(Layer):
    """Passes records on and nothing else: who shares the inner sink doesn't close it."""

    def tend(self) -> None:
        """Leave it to whoever holds the inner sink."""

    def hurry(self) -> None:
        """Leave it to whoever holds the inner sink."""

    def close(self) -> None:
        """Leave it to whoever holds the inner sink."""


class CameraSinks:
    """Sends each record the way of its camera."""

    def __init__(self, inner: Sink, by_camera: Mapping[str, Sink]) -> None:
        """Take the ways.

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

    def tend(self) -> None:
        """Do pending work."""
        for way in (*self._ways, self._inner):
            way.tend()

    def hurry(self) -> None:
        """Stop waiting for slow readers."""
        for way in (*self._ways, self._inner):
            way.hurry()

    def close(self) -> None:
        """Close all ways, and what is behind them."""
        for way in (*self._ways, self._inner):
            way.close()
