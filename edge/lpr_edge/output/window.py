"""A window that shows annotated frames."""

import os
import socket
import sys
from pathlib import Path

import cv2

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError

TITLE = "lpr"
CLOSING_KEYS = (27, ord("q"))
"""Escape and q."""
NO_KEY = 0xFF
"""What OpenCV's -1 is in the eight bits that keys have."""
REMEDY = "start it on the desktop, or take --save-video FILE or --save-images DIR"


class Window:
    """Shows images until the user closes it."""

    def __init__(self, title: str = TITLE) -> None:
        """Open the window.

        Args:
            title: above it.

        Raises:
            LprError: there is no display, or this OpenCV has no windows.
        """
        check_display()
        self._title = title
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise LprError(
                "this OpenCV was built without windows, as pip installs it on Linux: pip uninstall -y "
                f"opencv-python-headless && pip install opencv-python=={cv2.__version__}.*; or take --web"
            ) from error

    def show(self, picture: Image, wait: bool) -> bool:
        """Show an image; False if the user has closed the window or pressed q or Escape.

        Args:
            picture: what to show.
            wait: until a key is typed, for pictures that don't move on by themselves.
        """
        cv2.imshow(self._title, picture)
        key = self._look_for_key(1)
        while wait and key == NO_KEY and self._is_open():
            key = self._look_for_key(50)  # short, so that Ctrl-C takes effect
        return key not in CLOSING_KEYS and self._is_open()

    def _look_for_key(self, wait_ms: int) -> int:
        return cv2.waitKey(wait_ms) & NO_KEY

    def _is_open(self) -> bool:
        return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()


def check_display() -> None:
    """Check that a window can open: without a display, OpenCV's Qt ends the whole process.

    Raises:
        LprError: it can't.
    """
    if not sys.platform.startswith("linux"):
        return
    display = os.environ.get("DISPLAY", "")
    if not display and not os.environ.get("WAYLAND_DISPLAY"):
        raise LprError(f"no display to show a window on (DISPLAY is not set): {REMEDY}")
    if display and not _x_server_answers(display):
        raise LprError(f"the display {display} doesn't answer: {REMEDY}")


def _x_server_answers(display: str) -> bool:
    """Whether an X server listens at DISPLAY (`host:number.screen`)."""
    host, _, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isdigit():
        return False
    try:
        if host in ("", "unix"):
            return _unix_answers(Path(f"/tmp/.X11-unix/X{number}"))
        socket.create_connection((host, 6000 + int(number)), timeout=2).close()
    except OSError:
        return False
    return True


def _unix_answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        for address in (str(path), "\0" + str(path)):  # on disk, or Linux's abstract name
            if client.connect_ex(address) == 0:
                return True
    return False
