"""Start lpr in the add-on, with the options that Home Assistant has for it."""

import json
import os
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OPTIONS = Path("/data/options.json")
"""Where Home Assistant writes the user's options."""
BROKER = "http://supervisor/services/mqtt"
"""Where the supervisor says which broker there is."""


def settings_of(options: Mapping[str, Any], broker: Mapping[str, Any] | None) -> dict[str, str]:
    """Lpr's settings as variables of the environment.

    Args:
        options: the add-on's.
        broker: what the supervisor says of Home Assistant's broker; None where there is none.
    """
    settings = {"LPR_STORE": "/data/events.db", "LPR_WEB": "0.0.0.0:8080"}
    settings |= {f"LPR_{name.upper()}": str(value) for name, value in options.items() if value}
    if not options.get("source"):
        settings["LPR_CAMERA"] = "0"
    if broker:
        scheme = "mqtts" if broker.get("ssl") else "mqtt"
        settings["LPR_MQTT"] = f"{scheme}://{broker['username']}@{broker['host']}:{broker['port']}"
        settings["LPR_MQTT_PASSWORD"] = str(broker["password"])
    return settings


def find_broker(token: str) -> dict[str, Any] | None:
    """Home Assistant's broker; None where it has none."""
    request = urllib.request.Request(BROKER, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)["data"]
    except (OSError, ValueError, KeyError):
        return None
    return found


def main() -> None:
    """Become lpr."""
    options = json.loads(OPTIONS.read_text(encoding="utf-8"))
    settings = settings_of(options, find_broker(os.environ.get("SUPERVISOR_TOKEN", "")))
    os.execvpe("lpr-edge", ["lpr-edge"], {**os.environ, **settings})


if __name__ == "__main__":
    main()
