"""Two slots for models in the state folder; a small file, replaced atomically, names the active one."""

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lpr_edge.base.log import warn
from lpr_edge.base.private_files import make_private_folder
from lpr_edge.contract.whole_files import sync_folder, write_whole
from lpr_edge.updates.release import UpdateError

FOLDER = "models"
SLOTS = ("a", "b")
STATE = "slots.json"
INCOMING = "incoming"
"""Where a release is put together before it takes a slot."""
RELEASE = "release.json"
"""In each slot: which release lies there."""
LOCK = "slots.lock"
UPDATE_LOCK = "update.lock"
MAX_STARTS = 2
"""Starts that a new release may take to read its first frame; a power cut can spoil one."""
SHIPPED = ""
"""In place of a slot: the models that come with lpr."""


@dataclass(frozen=True)
class Trial:
    """The probation of the active release."""

    starts: int = 0
    """Times that it was opened without reading a frame."""
    has_started: bool = False
    """Whether it has read a frame."""


@dataclass(frozen=True)
class SlotState:
    """The active slot, and its history."""

    active: str = SHIPPED
    """Slot; empty for the shipped models."""
    release: int | None = None
    """That is active; None for the shipped models."""
    channel: str = ""
    """That the active release came by."""
    previous: str = SHIPPED
    """The slot to go back to; empty for the shipped models."""
    previous_release: int | None = None
    """That lies there."""
    trial: Trial | None = None
    """None where the active release is no longer on probation."""
    refused: dict[str, str] = field(default_factory=dict)
    """Release -> why it isn't tried again."""
    result: str = "never checked"
    """Of the last check or change, in words."""
    is_failure: bool = False
    """Whether the last check or change went wrong."""
    checked: float = 0.0
    """When the repository was last asked, in seconds since 1970."""


Change = Callable[[SlotState], SlotState]


class Slots:
    """A device's slots on disk, which other processes may change too."""

    def __init__(self, folder: Path) -> None:
        """Create the folder if it is missing.

        Raises:
            OSError: it can't be made.
        """
        self.folder = folder
        make_private_folder(folder)

    @property
    def state(self) -> SlotState:
        """The current state."""
        return _read_state(self.folder / STATE)

    def folder_of(self, slot: str) -> Path | None:
        """Folder of a slot's models; None for the shipped ones."""
        return self.folder / slot if slot else None

    @contextmanager
    def updating(self) -> Iterator[Path]:
        """Lock out other updating processes in the block; yields an empty folder for the new release.

        Raises:
            UpdateError: another process is updating.
        """
        with (self.folder / UPDATE_LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UpdateError("another process updates the models: wait for it") from error
            incoming = self.folder / INCOMING
            shutil.rmtree(incoming, ignore_errors=True)
            make_private_folder(incoming)
            yield incoming
            shutil.rmtree(incoming, ignore_errors=True)

    def change(self, change: Change) -> SlotState:
        """Replace the state atomically, so that it survives a power failure.

        Raises:
            OSError: it can't be written; the one before holds.
        """
        with (self.folder / LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self.state
            after = change(before)
            if after != before:
                text = json.dumps(asdict(after), ensure_ascii=False, indent=1) + "\n"
                write_whole(self.folder / STATE, text.encode())
            return after

    def record_result(self, result: str, is_failure: bool, checked: float) -> None:
        """Store the result and the time of a check."""
        self.change(lambda state: replace(state, result=result, is_failure=is_failure, checked=checked))

    def activate(self, incoming: Path, release: int, channel: str) -> None:
        """Move a checked release into the slot that isn't active, and switch to it.

        Before the switch all of it is on the disk; a power cut leaves the old state or the new one.

        Raises:
            OSError: the disk fails.
        """
        active = self.state.active
        slot = next(name for name in SLOTS if name != active)
        target = self.folder / slot
        write_whole(incoming / RELEASE, json.dumps({"release": release}).encode())
        shutil.rmtree(target, ignore_errors=True)
        incoming.rename(target)
        sync_folder(self.folder)
        self.change(
            lambda state: replace(
                state,
                active=slot,
                release=release,
                channel=channel,
                previous=state.active,
                previous_release=state.release,
                trial=Trial(),
                result=f"release {release} is active, on probation",
                is_failure=False,
            )
        )

    def note_opening(self) -> None:
        """Count a start of a release on probation; revert after too many starts."""
        trial = self.state.trial
        if trial is not None and not trial.has_started and trial.starts >= MAX_STARTS:
            self.revert(f"it read no frame in {trial.starts} starts")
        else:
            self.change(lambda state: _with_trial(state, lambda trial: replace(trial, starts=trial.starts + 1)))

    def note_started(self) -> None:
        """Record that the active release has read a frame."""
        self.change(lambda state: _with_trial(state, lambda trial: replace(trial, has_started=True)))

    def accept(self, why: str) -> None:
        """End the probation.

        Args:
            why: in words.
        """
        self.change(
            lambda state: replace(
                state, trial=None, result=f"release {state.release} is active: {why}", is_failure=False
            )
        )

    def refuse(self, release: int, why: str) -> None:
        """Never try a release again.

        Args:
            release: its number.
            why: in words.
        """
        result = f"release {release} is refused: {why}"
        self.change(
            lambda state: replace(state, refused=state.refused | {str(release): why}, result=result, is_failure=True)
        )

    def revert(self, why: str) -> None:
        """Return to the models before the active release, which isn't tried again.

        Args:
            why: in words.
        """
        after = self.change(lambda state: self._reverted(state, why))
        warn(f"model updates: {after.result}")

    def _reverted(self, state: SlotState, why: str) -> SlotState:
        slot, release = state.previous, state.previous_release
        if not slot or _release_in(self.folder / slot) != release:
            slot, release = SHIPPED, None
        name = "the models that come with lpr" if release is None else f"release {release}"
        return SlotState(
            active=slot,
            release=release,
            channel=state.channel,
            refused=state.refused | {str(state.release): why},
            result=f"release {state.release} failed ({why}): back to {name}",
            is_failure=True,
            checked=state.checked,
        )


def _with_trial(state: SlotState, change: Callable[[Trial], Trial]) -> SlotState:
    """Change the probation of a state that waits for its first frame."""
    trial = state.trial
    return state if trial is None or trial.has_started else replace(state, trial=change(trial))


def _release_in(folder: Path) -> int | None:
    """Number of the release in a slot; None if it is incomplete."""
    try:
        number: int = json.loads((folder / RELEASE).read_bytes())["release"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return number


def _read_state(path: Path) -> SlotState:
    try:
        values = json.loads(path.read_bytes())
        trial = values.pop("trial")
        state = SlotState(**values, trial=Trial(**trial) if trial else None)
        if state.active not in (SHIPPED, *SLOTS) or state.previous not in (SHIPPED, *SLOTS):
            raise ValueError(f"{state.active!r} is no slot")
    except FileNotFoundError:
        return SlotState()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        warn(f"{path} is damaged ({error}): the models that come with lpr run until the next update")
        return SlotState()
    return state
