"""A relay on a GPIO pin, which is switched for a moment when a listed plate is read."""

import warnings
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from time import monotonic
from typing import Any

from lpr_edge.base.finding import Finding, State, fine
from lpr_edge.base.log import log_debug, warn
from lpr_edge.base.workers import surviving
from lpr_edge.config.actions import PREFIX
from lpr_edge.contract.base.errors import LprError, needing_extra
from lpr_edge.contract.records import Record

CLOSE_S = 0.7
"""How long a pulse may still take at the end; a stop must be over in 2 s."""


@dataclass(frozen=True)
class RelaySettings:
    """Which pin is switched, for which action and how long."""

    pin: int
    """In the processor's numbering (BCM)."""
    action: str
    """Action of the list that it is switched for."""
    pulse_s: float
    lock_out_s: float
    """From the start of a pulse; matches in this time do nothing."""
    active_low: bool
    """Whether the relay is on while the pin is low."""

    @property
    def name(self) -> str:
        """The pin as written in the settings."""
        return f"{PREFIX}{self.pin}"


class RelayAction:
    """Switches the relay for each match, in a thread; a pin that can't be opened is reported and tried again."""

    def __init__(self, settings: RelaySettings) -> None:
        """Switch the relay off.

        Raises:
            LprError: gpiozero isn't installed.
        """
        load_gpiozero()
        self._settings = settings
        self._device: Any = None
        self._locked_until = float("-inf")
        self._waiting: Queue[Record] = Queue(1)
        self._is_closing = Event()
        self._open_pin()
        self._thread = Thread(target=self._run, name="lpr-relay", daemon=True)
        self._thread.start()

    def start(self, record: Record) -> None:
        """Start a pulse, unless the relay is locked out or the list names another action."""
        if record["matched"]["action"] != self._settings.action:
            return
        if monotonic() < self._locked_until:
            log_debug(f"{self._settings.name} isn't switched for event {record['id']}: it is locked out")
            return
        self._locked_until = monotonic() + max(self._settings.lock_out_s, self._settings.pulse_s)
        with suppress(Full):  # one that is still to begin will do for both
            self._waiting.put_nowait(record)

    def start_closing(self) -> None:
        """Accept no more matches."""
        self._locked_until = float("inf")

    def close(self) -> None:
        """End a running pulse, and leave the relay off."""
        self.start_closing()
        self._thread_end(CLOSE_S)
        if self._device is not None:
            with surviving("relay"):
                self._device.off()
                self._device.close()

    def _thread_end(self, timeout_s: float) -> None:
        """Wait for the thread, at most for the time-out; then stop it."""
        until = monotonic() + timeout_s
        while monotonic() < until and self._waiting.unfinished_tasks:
            self._is_closing.wait(0.02)
        self._is_closing.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._is_closing.is_set():
            with suppress(Empty):
                record = self._waiting.get(timeout=0.1)
                with surviving("on_match"):
                    self._pulse(record)
                self._waiting.task_done()

    def _pulse(self, record: Record) -> None:
        if self._device is None and not self._open_pin():
            return
        try:
            self._device.on()
            try:
                self._is_closing.wait(self._settings.pulse_s)
            finally:
                self._device.off()
        except Exception as error:  # noqa: BLE001  # each pin library of gpiozero has errors of its own
            warn(f"{self._settings.name} can't be switched for event {record['id']}: {_reason(error)}")
        else:
            log_debug(f"{self._settings.name} was switched for event {record['id']}")

    def _open_pin(self) -> bool:
        try:
            self._device = open_pin(self._settings)
        except LprError as error:
            warn(str(error))
            return False
        return True


def open_pin(settings: RelaySettings) -> Any:
    """Open gpiozero's device for the pin, switched off.

    Raises:
        LprError: gpiozero isn't installed, or the pin can't be had.
    """
    gpiozero = load_gpiozero()
    try:
        with warnings.catch_warnings(action="ignore"):  # on the libraries that it tries before it gives up
            return gpiozero.OutputDevice(settings.pin, active_high=not settings.active_low, initial_value=False)
    except Exception as error:  # each pin library of gpiozero has errors of its own
        raise LprError(
            f"{settings.name} can't be switched ({_reason(error)}): on a Raspberry Pi, install lgpio "
            "(pip install lgpio), add the user to the group gpio, and let no other program use the pin"
        ) from error


def load_gpiozero() -> Any:
    """Import gpiozero, which is an extra.

    Raises:
        LprError: it isn't installed.
    """
    with needing_extra("--on-match gpio:PIN", "gpiozero", "gpio"):
        import gpiozero
    return gpiozero


def check_relay(settings: RelaySettings) -> Finding:
    """Check that the pin can be switched; it is left off."""
    try:
        open_pin(settings).close()
    except LprError as error:
        found, _, remedy = str(error).partition(": ")
        return Finding("relay", State.REPAIR, found, remedy)
    return fine("relay", f"{settings.name} can be switched, for the action {settings.action}")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
