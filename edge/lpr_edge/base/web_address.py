"""Address of the live page, and the token that gives access to it."""

import ipaddress
import re
import secrets
import socket
from dataclasses import dataclass
from typing import Self

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import TextValue
from lpr_edge.contract.base.url import redact

HERE = "127.0.0.1"
SHORTEST = 16
"""Characters of a token: who guesses one that is shorter gets in some day."""


@dataclass(frozen=True)
class WebAddress(TextValue):
    """Where a server listens."""

    host: str
    """A name or number, that of IPv6 without its brackets."""
    port: int

    @classmethod
    def parse(cls, text: str, key: str) -> Self:
        """`HOST:PORT`, `[IPv6]:PORT`, or a port alone, which is this machine's own; see `TextValue`."""
        match = re.fullmatch(r"(?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):)?(\d{1,5})", text)
        if match is None or not 0 < int(match[2]) < 65536:
            raise LprError(
                f"Setting `{key}` is {redact(text)!r}, and it must be HOST:PORT, such as {DEFAULT} or 0.0.0.0:8080."
            )
        return cls((match[1] or HERE).strip("[]"), int(match[2]))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


DEFAULT = WebAddress(HERE, 8080)
"""Where `--web` listens without a word."""


def is_local(host: str) -> bool:
    """Whether a host is this machine's loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_token(token: str, key: str = "web_token") -> None:
    """Reject a token that can't be sent or is easy to guess.

    Raises:
        LprError: it can't be used; the message doesn't show it.
    """
    if token and not re.fullmatch(f"[!-~]{{{SHORTEST},}}", token):
        raise LprError(
            f"Setting `{key}` is not shown here, and it must be {SHORTEST} or more plain letters, digits or signs."
        )


def new_token() -> str:
    """Generate a token of 144 random bits."""
    return secrets.token_urlsafe(18)


def shown_url(host: str, port: int) -> str:
    """URL of a server as a person types it."""
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def login_hint(configured: str, required: str) -> str:
    """Hint how a user logs in, for the line with the server's address.

    Args:
        configured: the token of the settings; empty where there is none.
        required: the token that is asked for; empty for none.
    """
    if not required:
        return ""
    shown = "that was given" if configured else f"{required} (until the next start; LPR_WEB_TOKEN keeps one)"
    return f", any name, password: the token {shown}"
