"""Cameras that OpenCV opens by number, and why one can't be opened."""

import errno
import os
import sys
from pathlib import Path

import cv2

from lpr_edge.contract.errors import SourceError
from lpr_edge.frames.capture import open_capture
from lpr_edge.frames.frame import Source
from lpr_edge.frames.live import live_frames

DEVICES = Path("/dev")
PROCESSES = Path("/proc")


def open_camera(number: int) -> Source:
    """A camera.

    Raises:
        SourceError: there is none of that number, it is in use, or gives no picture; the message says which.
    """
    name = f"camera {number}"
    on_linux = sys.platform.startswith("linux")
    if on_linux and not _device(number).exists():
        raise SourceError(explain(number))
    capture = open_capture(number, cv2.CAP_V4L2 if on_linux else cv2.CAP_ANY)
    if not capture.isOpened() or not capture.grab():
        capture.release()
        raise SourceError(explain(number))
    fps = capture.get(cv2.CAP_PROP_FPS) or 25.0
    return Source(name, "live", fps, live_frames(capture, name, "check its cable and power, then start again"))


def explain(number: int) -> str:
    """Why a camera can't be used, and what to do."""
    device = _device(number)
    if not device.exists():
        others = sorted(int(path.name[5:]) for path in DEVICES.glob("video*") if path.name[5:].isdigit())
        found = (
            f"found {', '.join(map(str, others))}; take one of them"
            if others
            else "found no camera at all; plug one in"
        )
        return f"no camera {number} ({device} is missing): {found}, or give --source"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"no permission for {device}: add yourself to its group (sudo usermod -aG video $USER) and log in again"
    user = _user_of(device)
    if user or _is_busy(device):
        return f"camera {number} is busy: {user or 'another program'} uses {device}. Stop it, or take another camera"
    return (
        f"camera {number} gives no picture that OpenCV can read: try the next number; "
        "a Raspberry Pi's ribbon camera needs a stream, for example from rpicam-vid, given as --source"
    )


def _device(number: int) -> Path:
    return DEVICES / f"video{number}"


def _is_busy(device: Path) -> bool:
    try:
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def _user_of(device: Path) -> str | None:
    """The other process that has a device open, as far as this one may look."""
    for process in PROCESSES.glob("[0-9]*"):
        if process.name != str(os.getpid()) and _has_open(process, device):
            return f"{_name_of(process)} (process {process.name})"
    return None


def _has_open(process: Path, device: Path) -> bool:
    try:
        return any(link.readlink() == device for link in (process / "fd").iterdir())
    except OSError:
        return False


def _name_of(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a program"
