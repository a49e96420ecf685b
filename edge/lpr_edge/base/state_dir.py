"""Folder for state that lpr needs from one run to the next."""

import os
from collections.abc import Mapping
from pathlib import Path

from lpr_edge.contract.base.errors import LprError


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Systemd's state folder, else the user's; it may not exist yet.

    Raises:
        LprError: no variable names the user's state directory.
    """
    service, user = environment.get("STATE_DIRECTORY"), environment.get("XDG_STATE_HOME")
    if service:
        return Path(max(service.split(":"), key=len))  # of more cameras than one, each has its own below the common one
    home = environment.get("HOME")
    if user or home:
        return (Path(user) if user else Path(str(home)) / ".local" / "state") / "lpr"
    try:
        return Path.home() / ".local" / "state" / "lpr"
    except RuntimeError as error:
        raise LprError(
            "neither HOME nor XDG_STATE_HOME is set, and this user has no home: set one, or give --store and --hash-key"
        ) from error
