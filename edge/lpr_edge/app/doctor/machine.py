"""Checks of the machine: cores, temperature, power, disk, clock."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lpr_edge.base.board import clock_is_held, read_throttled, temperature_c
from lpr_edge.base.finding import Finding, State, fine, graded
from lpr_edge.base.state_dir import state_folder
from lpr_edge.collect.collect_folder import count_collected
from lpr_edge.config.config import Config
from lpr_edge.contract.base.errors import LprError
from lpr_edge.service.unit import written_folders

WARM_C, HOT_C = 70.0, 80.0
"""A Raspberry Pi slows its cores down from 80 °C on (its documentation, "Frequency management and thermal control")."""
THROTTLING = {0: "too little voltage", 1: "slowed down", 2: "throttled", 3: "at the soft limit of its temperature"}
"""Bits of `read_throttled`: now; 16 higher, since it was started."""
MIN_FREE = 100_000_000
"""Bytes below which a disk counts as full."""
"""What adjtimex(2) returns where no time service holds the clock: TIME_ERROR."""


def check_machine(config: Config, root: Path = Path("/")) -> Iterator[Finding]:
    """Run the checks that need neither a camera nor a network.

    Args:
        config: the settings.
        root: where /sys stands; another folder in tests.
    """
    yield check_threads(config.models.threads, os.cpu_count() or 1)
    yield check_temperature(root)
    yield check_throttling(read_throttled(root))
    for folder in sorted({_existing(folder.absolute()) for folder in (*written_folders(config), *_outbox(config))}):
        yield check_disk(folder, config.delivery.quota)
    if config.collect.collect:
        yield check_collected(config.collect.collect, config.collect.collect_quota)
    yield check_clock(clock_is_held())


def check_threads(threads: int, cores: int) -> Finding:
    """Compare each model's threads with the number of cores."""
    remedy = f"give --threads {max(1, cores - 1)} or less: the camera needs a core, too"
    return graded("threads", f"{threads} for {cores} cores", remedy, threads > cores, 1 < threads == cores)


def check_temperature(root: Path) -> Finding:
    """Check the highest temperature of the kernel's thermal zones."""
    celsius = temperature_c(root)
    if celsius is None:
        return fine("temperature", "not reported by this machine")
    remedy = "give it a heat sink, a fan or shade: it slows down from 80 °C on"
    return graded("temperature", f"{celsius:.0f} °C", remedy, celsius >= HOT_C, celsius >= WARM_C)


def check_throttling(bits: int | None) -> Finding:
    """Check whether the board is or was throttled since power-on, and why."""
    if bits is None:
        return fine("throttling", "not reported by this machine")
    now = [text for bit, text in THROTTLING.items() if bits >> bit & 1]
    before = [text for bit, text in THROTTLING.items() if bits >> bit & 1 << 16]
    found = f"now {', '.join(now) or 'none'}; since the start {', '.join(before) or 'none'}"
    remedy = "take the power supply that the board asks for, a shorter cable, and cooling"
    return graded("throttling", found, remedy, bool(now), bool(before))


def check_disk(folder: Path, quota: int) -> Finding:
    """Check free space and permissions of the folder for events and images.

    Args:
        folder: one that exists.
        quota: bytes that lpr may take; 0 for no limit.
    """
    free = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(
            "disk", State.REPAIR, f"{folder} can't be written", f"sudo chown $USER {folder}, or take another"
        )
    remedy = f"make room, or give a smaller --quota (it is {quota / 1e9:g} GB)"
    return graded("disk", f"{free / 1e9:.1f} GB free in {folder}", remedy, free < MIN_FREE, free < quota)


def check_collected(root: Path, quota: int) -> Finding:
    """Check permissions and space of the folder for collected examples, and its size.

    Args:
        root: of the data folder; it needn't be there yet.
        quota: bytes that it may take; 0 for no limit.
    """
    folder = _existing(root.absolute())
    free = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding("collect", State.REPAIR, f"{folder} can't be written", f"sudo chown $USER {folder}")
    try:
        count, size = count_collected(root)
    except (OSError, LprError) as error:
        return Finding("collect", State.REPAIR, f"{root}: {error}", f"lpr-train check --data {root}")
    limit = f"of {quota / 1e6:.0f} MB" if quota else "without a limit"
    found = f"{count} pictures, {size / 1e6:.0f} MB {limit} in {root}"
    remedy = "make room, or give a smaller --collect-quota"
    return graded("collect", found, remedy, False, free < max(MIN_FREE, quota - size))


def check_clock(held: bool | None) -> Finding:
    """Check whether the events' times are reliable."""
    if held is None:
        return fine("clock", "not reported by this machine")
    remedy = "let a time service set it: sudo timedatectl set-ntp true; without a network, add a clock with a battery"
    return graded("clock", "kept by a time service" if held else "nobody sets it", remedy, False, not held)


def _outbox(config: Config) -> list[Path]:
    return [state_folder()] if config.delivery.store is None and config.stores else []


def _existing(folder: Path) -> Path:
    """A folder, or the nearest above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())
