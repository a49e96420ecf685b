"""One update: ask the repository, download, check, switch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.config.choices import UpdateChannel
from lpr_edge.config.extensions import AUTO, RuntimeName
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.url import HttpUrl
from lpr_edge.updates.confidence_watch import forget_counts
from lpr_edge.updates.golden_process import check_in_process
from lpr_edge.updates.release import GOLDEN_FILE, UpdateError
from lpr_edge.updates.repository import ModelRepository
from lpr_edge.updates.slots import Slots

Check = Callable[[Path, str, str], str]
"""Checks a release's folder in a runtime, by the suffix of its files; raises LprError."""


@dataclass(frozen=True)
class UpdateSource:
    """Where a device's models come from, and how they are run."""

    url: HttpUrl
    """Of the TUF repository."""
    root: Path
    """The pinned root metadata file."""
    device: str
    """This device's name."""
    channel: UpdateChannel = UpdateChannel.AUTO
    """See `Channels.release_for`."""
    runtime: RuntimeName = AUTO
    """The inference runtime."""
    suffix: str = ".tflite"
    """Of the model files that it reads."""


def update(
    source: UpdateSource, slots: Slots, check: Check = check_in_process, now: Callable[[], float] = time.time
) -> bool:
    """Check for a release, and activate it if it passes; returns whether another release is active now.

    The result is kept in the slots' state, whatever it is.

    Raises:
        UpdateError: the release, or the repository, can't be used; the models that run go on.
    """
    try:
        return _update(source, slots, check, now)
    except UpdateError as error:
        slots.record_result(str(error), True, now())
        raise
    except OSError as error:
        slots.record_result(f"the update can't be stored ({error})", True, now())
        raise UpdateError(f"the update can't be stored below {slots.folder} ({error}): free some room") from error


def _update(source: UpdateSource, slots: Slots, check: Check, now: Callable[[], float]) -> bool:
    with slots.updating() as incoming:
        repository = ModelRepository(source.url, source.root, slots.folder)
        channels = repository.fetch_channels(incoming)
        release, channel = channels.release_for(source.device, source.channel)
        reason = _reason_to_stay(slots, release, channel)
        if release is None or reason:
            slots.record_result(reason, False, now())
            return False
        names = _release_files(channels.releases[release], source.suffix)
        repository.fetch_release(release, names, incoming)
        try:
            check(incoming, source.runtime, source.suffix)
        except LprError as error:
            slots.refuse(release, str(error))
            raise UpdateError(f"release {release} is refused: {error}") from error
        forget_counts(slots.folder, release)
        slots.activate(incoming, release, channel)
        slots.record_result(f"release {release} is active, on probation", False, now())
    return True


def _reason_to_stay(slots: Slots, release: int | None, channel: str) -> str:
    """Why the active models are kept; empty if they aren't."""
    state = slots.state
    if release is None:
        return f"the channel {channel} has no release"
    if release == state.release:
        return f"release {release} is active and the newest of {channel}"
    if str(release) in state.refused:
        return f"release {release} of {channel} was refused before: {state.refused[str(release)]}"
    if state.trial is not None:
        return f"release {release} waits: release {state.release} is on probation"
    return ""


def _release_files(names: tuple[str, ...], suffix: str) -> tuple[str, ...]:
    """Model files that the runtime reads, and the golden files."""
    return tuple(name for name in names if name.endswith(suffix) or GOLDEN_FILE.fullmatch(name))
