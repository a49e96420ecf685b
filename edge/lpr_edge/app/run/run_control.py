"""External control of a run: systemd, SIGHUP and model updates."""

import os
from collections.abc import Callable
from pathlib import Path

from lpr_edge.base.log import log_info, warn
from lpr_edge.base.signals import Reloading
from lpr_edge.config.config import Config
from lpr_edge.config.loading import FILE_VARIABLE
from lpr_edge.contract.base.errors import LprError
from lpr_edge.service.sd_notify import SystemdNotifier
from lpr_edge.updates.update_worker import UpdateWorker

Again = Callable[[], Config]
"""Reads the settings once more."""


class RunControl:
    """Connects a run with systemd, SIGHUP and model updates."""

    def __init__(
        self,
        was_asked: Callable[[], bool],
        can_reload: Callable[[], bool],
        updates: UpdateWorker | None = None,
        settings_file: Path | None = None,
    ) -> None:
        """Connect the parts.

        Args:
            was_asked: returns whether SIGHUP has come since the last call.
            can_reload: returns whether there are settings to begin again with; reports what is wrong where not.
            updates: looks for models; None where nothing does.
            settings_file: that was given; None for that of the environment, if it names one.
        """
        self.notifier = SystemdNotifier()
        self.updates = updates
        named = os.environ.get(FILE_VARIABLE)
        self.settings_file = settings_file or (Path(named) if named else None)
        self._was_asked, self._can_reload = was_asked, can_reload

    def beat(self) -> None:
        """Report to systemd that the run is alive.

        Raises:
            Reloading: it is to begin again, with settings that can be used.
        """
        self.notifier.beat()
        has_models = self.updates is not None and self.updates.takes_restart()
        if (self._was_asked() or has_models) and self._can_reload():
            raise Reloading

    def close(self) -> None:
        """Stop the worker for updates."""
        if self.updates:
            self.updates.close()


def may_reload(check: Callable[[Config], None], again: Again | None) -> bool:
    """Whether the new settings are valid; reports the error if they aren't.

    Args:
        check: raises `LprError` where settings are not valid.
        again: gives them; None where this process can't begin again.
    """
    if again is None:
        warn("SIGHUP came, and only the command lpr-edge can restart itself: nothing was changed")
        return False
    try:
        check(again())
    except (LprError, SystemExit) as error:  # wrong usage exits, and has said why
        warn(f"{'' if isinstance(error, SystemExit) else f'{error} '}The settings stay as they were.")
        return False
    log_info("begins again with the settings as they are now")
    return True
