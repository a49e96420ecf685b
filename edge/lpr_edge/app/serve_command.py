"""`lpr-edge serve`: an image server with HTTP interfaces that other programs use; needs no camera."""

import argparse
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event

from lpr_edge.base.signals import stopping_on_sigterm
from lpr_edge.base.web_address import DEFAULT, WebAddress
from lpr_edge.config.input_groups import ModelConfig, ReadingConfig
from lpr_edge.config.loading import load_config, with_flags
from lpr_edge.config.output_groups import TEN_MEGABYTES, WebConfig
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import ByteSize, require_setting
from lpr_edge.contract.settings.fields import settings_in
from lpr_edge.contract.settings.flags import add_flags
from lpr_edge.contract.settings.values import build_settings, check_table


@dataclass(frozen=True)
class ServeSettings:
    """Settings of the server."""

    listen: WebAddress = DEFAULT
    """take pictures at HOST:PORT; others than this machine need the token"""
    token_free: bool = False
    """ask nobody for a token, for clients that can't send one: only in a network that you trust"""
    max_size: ByteSize = TEN_MEGABYTES
    """refuse requests that are larger"""
    queue: int = 8
    """requests that are taken at once; further ones get status 503"""
    timeout: timedelta = timedelta(seconds=20)
    """a picture that isn't read in this time, its wait included, is given up"""

    def __post_init__(self) -> None:
        """Reject values out of range."""
        require_setting(self.max_size > 0, "max_size", self.max_size, "more than 0")
        require_setting(self.queue > 0, "queue", self.queue, "1 or more")
        require_setting(self.timeout > timedelta(0), "timeout", self.timeout, "more than 0")


def build_parser() -> argparse.ArgumentParser:
    """The parser of `lpr-edge serve`."""
    parser = argparse.ArgumentParser(prog="lpr-edge serve", description=__doc__, allow_abbrev=False)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML; LPR_... and flags go over it")
    add_flags(parser, ServeSettings)
    add_flags(parser, WebConfig, ("web_token",))
    add_flags(parser, ModelConfig, ("detector", "reader", "runtime", "threads"))
    add_flags(parser, ReadingConfig, ("min_confidence", "tta"))
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal ends it.

    Raises:
        LprError: a setting is wrong, a model can't be loaded, an extra is missing, or the address can't be had.
    """
    from lpr_edge.http_api.open_api import open_http_api
    from lpr_edge.service.sd_notify import SystemdNotifier
    from lpr_edge.wiring.wire_pipeline import open_photograph_pipeline

    with stopping_on_sigterm():
        settings = serve_settings(arguments)
        config = with_flags(load_config(arguments.config), arguments)
        if settings.token_free and config.web.web_token:
            raise LprError("there is a token (--web-token or LPR_WEB_TOKEN) and --token-free: leave one of them out")
        if config.privacy.hash_plates:
            raise LprError("`hash_plates` is on, and responses would contain plates: turn one of them off")
        server = open_http_api(
            settings.listen,
            config.web.web_token,
            open_photograph_pipeline(config),
            settings.max_size,
            settings.queue,
            settings.timeout.total_seconds(),
            settings.token_free,
        )
        try:
            SystemdNotifier().ready()
            Event().wait()
        finally:
            server.close()
    return 0


def serve_settings(arguments: argparse.Namespace) -> ServeSettings:
    """Settings from the flags.

    Raises:
        LprError: a value can't be used.
    """
    known = settings_in(ServeSettings)
    given = {key: value for key, value in vars(arguments).items() if key in known}
    return build_settings(ServeSettings, check_table(known, given, ""))
