"""Notifications to systemd: sd_notify(3), lines on a datagram socket."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic, monotonic_ns


class SystemdNotifier:
    """Reports the service's state to systemd; does nothing without systemd."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read from the environment whether systemd listens, and its watchdog interval.

        Args:
            environment: holds `NOTIFY_SOCKET` and `WATCHDOG_USEC` where it does.
        """
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._every_s = _watchdog_s(environment) / 3
        """Three signs of life in the time that systemd waits for one."""
        self._last = 0.0

    def ready(self) -> None:
        """Report that the service is reading."""
        self._send("READY=1\nSTATUS=Reading")

    def beat(self) -> None:
        """Report that the loop is alive; fast enough to be called after every frame."""
        now = monotonic()
        if self._every_s and now - self._last >= self._every_s:
            self._last = now
            self._send("WATCHDOG=1", 0)  # a systemd that is busy must not hold up the loop

    def reloading(self) -> None:
        """Report a reload of the settings; `ready` follows."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Report the end of the service."""
        self._send("STOPPING=1")

    def _send(self, message: str, wait_s: float = 1.0) -> None:
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(wait_s)
                sender.sendto(message.encode(), self._address)


def _watchdog_s(environment: Mapping[str, str]) -> float:
    """Watchdog time-out in seconds; 0 if systemd watches another process or none."""
    of_process = environment.get("WATCHDOG_PID", "")
    if of_process and of_process != str(os.getpid()):
        return 0.0
    text = environment.get("WATCHDOG_USEC", "")
    return int(text) / 1e6 if text.isdigit() else 0.0
