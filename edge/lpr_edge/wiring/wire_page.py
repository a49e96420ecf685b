"""Open the live page."""

import socket
from dataclasses import dataclass
from typing import Any

from lpr_edge.base.log import say, warn
from lpr_edge.base.web_address import is_local, new_token, parse_address
from lpr_edge.contract.errors import LprError
from lpr_edge.service.runtime_stats import Vitals
from lpr_edge.web.picture import Picture


@dataclass(frozen=True)
class LivePage:
    """A page that is served."""

    picture: Picture
    """Where frames go."""
    server: Any
    """`server.Server`, which an extra brings."""
    token: str
    """Empty where none is asked for."""

    def close(self) -> None:
        """Stop serving."""
        self.server.close()


def open_page(address: str, token: str, vitals: Vitals, health_after_s: float) -> LivePage:
    """Serve the page, and say where.

    Args:
        address: see `parse_address`.
        token: who knows it gets in; empty for nobody but this machine's own users, or, where others reach it, for a
            new token, which is said.
        vitals: how the run does.
        health_after_s: see `App`.

    Raises:
        LprError: an extra is missing, or the address can't be had.
    """
    host, port = parse_address(address)
    make_app, make_server = load_server()
    wanted = token or ("" if is_local(host) else new_token())
    picture = Picture()
    server = make_server(make_app(picture, vitals, health_after_s).guarded(wanted), host, port)
    tell = say if wanted == token else warn  # a token that nobody hears of lets nobody in, also with --quiet
    tell(f"live page: {_url(host, server.port)}{_login(token, wanted)}")
    return LivePage(picture, server, wanted)


def load_server() -> tuple[Any, Any]:
    """`App` and `Server`, which need an extra.

    Raises:
        LprError: it isn't installed.
    """
    try:
        from lpr_edge.web.app import App
        from lpr_edge.web.server import Server
    except ImportError as error:
        raise LprError("--web needs Starlette and uvicorn: pip install 'lpr[web]'") from error
    return App, Server


def _url(host: str, port: int) -> str:
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def _login(given: str, wanted: str) -> str:
    if not wanted:
        return ""
    shown = "that was given" if given else f"{wanted} (until the next start; LPR_WEB_TOKEN keeps one)"
    return f", any name, password: the token {shown}"
