"""Where lpr keeps what it needs from one run to the next."""

import os
from collections.abc import Mapping
from pathlib import Path


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Systemd's state folder, else the user's; it may not exist yet."""
    service, user = environment.get("STATE_DIRECTORY"), environment.get("XDG_STATE_HOME")
    if service:
        return Path(service)
    return (Path(user) if user else Path.home() / ".local" / "state") / "lpr"
