"""Publishes the device's state at regular intervals."""

from collections.abc import Callable
from threading import Event as Flag
from threading import Thread

from lpr_edge.base.workers import surviving
from lpr_edge.contract.records import Record


class Heartbeat:
    """A thread that publishes the runtime statistics until it is closed; failed messages aren't repeated."""

    def __init__(self, take: Callable[[], Record], publish: Callable[[Record], object], every_s: float) -> None:
        """Start; the first message comes after one interval.

        Args:
            take: returns the record to publish.
            publish: sends it; must neither block nor raise.
            every_s: interval in seconds.
        """
        self._take, self._publish, self._every_s = take, publish, every_s
        self._closing = Flag()
        self._thread = Thread(target=self._run, name="lpr-heartbeat", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread."""
        self._closing.set()
        self._thread.join(0.1)

    def _run(self) -> None:
        while not self._closing.wait(self._every_s):
            with surviving("mqtt_metrics"):
                self._publish(self._take())
