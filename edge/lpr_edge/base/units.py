"""Times and sizes as people write them: `30d`, `1GB`."""

import re

from lpr_edge.contract.errors import LprError

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def seconds(text: str, key: str) -> float:
    """A time such as `90s`, `12h` or `30d`; `0` for no limit.

    Raises:
        LprError: it is none; the message names the setting.
    """
    return _amount(text, key, SECONDS, "a time such as 12h or 30d")


def size(text: str, key: str) -> int:
    """A size such as `500MB`, in bytes; `0` for no limit.

    Raises:
        LprError: it is none; the message names the setting.
    """
    return int(_amount(text, key, BYTES, "a size such as 500MB or 2GB"))


def _amount(text: str, key: str, units: dict[str, int], expected: str) -> float:
    if text == "0":
        return 0.0
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?) ?([A-Za-z]+)", text)
    found = {unit.lower(): factor for unit, factor in units.items()}
    if match is None or match[2].lower() not in found:
        raise LprError(f"Setting `{key}` is {text!r}, and it must be {expected}, or 0 for no limit.")
    return float(match[1]) * found[match[2].lower()]
