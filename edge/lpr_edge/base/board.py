"""Properties of the machine that are read while it works: temperature, memory, throttling."""

import ctypes
import os
import platform
import subprocess
import uuid
from contextlib import suppress
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
CLOCK_UNSYNCHRONISED = 5
"""What adjtimex(2) returns where no time service holds the clock: TIME_ERROR."""
X86 = ("x86_64", "amd64", "i386", "i686")


def machine_identity(root: Path = Path("/")) -> str:
    """A unique identifier of this machine, which a copy of its disk doesn't share.

    Args:
        root: where /etc stands; another folder in tests.
    """
    number = ""
    with suppress(OSError):
        number = (root / "etc/machine-id").read_text().strip()
    return f"{number} {uuid.getnode():x}"


def temperature_c(root: Path = Path("/")) -> float | None:
    """Highest temperature of the processor's sensors in degrees Celsius; None without a sensor."""
    readings = [_number(path) for path in (root / "sys/class/thermal").glob("thermal_zone*/temp")]
    return max((round(reading / 1000, 1) for reading in readings if reading is not None), default=None)


def read_throttled(root: Path = Path("/")) -> int | None:
    """Read a Raspberry Pi's throttling flags: bits 0-3 now, 16-19 since power-on; None on other machines.

    Its kernel is asked, then its command. Source: Raspberry Pi's documentation of `vcgencmd get_throttled`.

    Args:
        root: where /sys stands; another folder in tests.
    """
    with suppress(OSError, ValueError):
        return int((root / "sys/devices/platform/soc/soc:firmware/get_throttled").read_text(), 16)
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        said = subprocess.run(["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=5, check=True)
        return int(said.stdout.partition("=")[2], 16)
    return None


def memory_bytes() -> int:
    """Memory of this process (resident set) in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def saturates_bytes(root: Path = Path("/")) -> bool:
    """Whether the processor adds two products of bytes in 16 bits, which may overflow: x86 without VNNI.

    Without /proc/cpuinfo, an x86 processor is assumed to be such a one.
    """
    if platform.machine().lower() not in X86:
        return False
    try:
        return "vnni" not in (root / "proc/cpuinfo").read_text()
    except OSError:
        return True


def free_bytes(path: Path) -> int | None:
    """Free space in bytes on the disk of a path, which needn't exist yet; None if unknown."""
    for place in (path.absolute(), *path.absolute().parents):
        with suppress(OSError):
            found = os.statvfs(place)
            return found.f_bavail * found.f_frsize
    return None


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text())
    except (OSError, ValueError):  # a sensor that is switched off can be listed, and not be read
        return None


def clock_is_held() -> bool | None:
    """Whether a time service synchronises the clock, as the kernel reports it; None if unknown."""
    try:
        status = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(1024))
    except (OSError, AttributeError):
        return None
    return None if status < 0 else status != CLOCK_UNSYNCHRONISED
