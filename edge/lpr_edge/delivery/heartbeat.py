"""How the device does, told now and again to whoever looks after it."""

from collections.abc import Callable
from threading import Event as Flag
from threading import Thread

from lpr_edge.base.workers import surviving
from lpr_edge.contract.records import Record


class Heartbeat:
    """A thread that tells of the device's vitals until it is closed; what isn't heard is not told later."""

    def __init__(self, take: Callable[[], Record], tell: Callable[[Record], object], every_s: float) -> None:
        """Begin, the first time after a whole interval, when there is something to tell.

        Args:
            take: gives what to tell.
            tell: sends it; it must neither wait nor raise.
            every_s: seconds from one time to the next.
        """
        self._take, self._tell, self._every_s = take, tell, every_s
        self._closing = Flag()
        self._thread = Thread(target=self._run, name="lpr-heartbeat", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop telling."""
        self._closing.set()
        self._thread.join(0.1)

    def _run(self) -> None:
        while not self._closing.wait(self._every_s):
            with surviving("mqtt_metrics"):
                self._tell(self._take())
