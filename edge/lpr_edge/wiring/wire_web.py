"""Open the statistics of a run, and the live page."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lpr_edge.base.log import log_info, warn
from lpr_edge.base.state_dir import state_folder
from lpr_edge.base.web_address import WebAddress, is_local, login_hint, new_token, shown_url
from lpr_edge.config.config import Config
from lpr_edge.config.loading import camera_config
from lpr_edge.contract.base.errors import LprError, needing_extra
from lpr_edge.delivery.sink import Sink
from lpr_edge.output.annotate import NO_MARKS, Marks
from lpr_edge.runtimes.model import Model
from lpr_edge.service.runtime_stats import RuntimeStats, Waiting
from lpr_edge.service.visit_counts import NAME as VISITS
from lpr_edge.updates.update_worker import UpdateWorker
from lpr_edge.web.picture import LivePage, Picture, Pictures

Pages = Mapping[str, list[Any]]
"""A page's name -> its Starlette routes."""


def open_runtime_stats(
    config: Config,
    models: Mapping[str, Model],
    waiting: Waiting = dict,
    set_aside: Waiting = dict,
    updates: UpdateWorker | None = None,
) -> RuntimeStats:
    """Open the statistics of a new run.

    Args:
        config: the settings.
        models: that run, by kind.
        waiting: see `RuntimeStats`.
        set_aside: see `RuntimeStats`.
        updates: looks for models; None where nothing does.
    """
    names = {
        kind: f"{model.path.name} {model.manifest.weights_sha256[:8]} ({model.runtime_name} {model.runtime_version})"
        for kind, model in models.items()
    }
    store = config.delivery.store
    disk = store.parent if store else _disk()
    cameras = [camera.name for camera in config.cameras]
    counts_file = None
    if config.web.web:
        with suppress(LprError):  # no state folder: they begin at nothing
            counts_file = state_folder() / VISITS
    hooks = (updates.add, updates.status) if updates else ()
    return RuntimeStats(config.delivery.device_name, names, disk, waiting, set_aside, cameras, counts_file, *hooks)


def _disk() -> Path:
    """A folder on the disk whose free space is reported."""
    try:
        return state_folder()
    except LprError:
        return Path()


def open_live_page(
    config: Config, stats: RuntimeStats, sink: Sink, open_pages: Callable[[Config], Pages]
) -> LivePage | None:
    """Open the configured live page.

    Args:
        config: the settings.
        stats: how the run does.
        sink: of the run.
        open_pages: gives the pages next to it.

    Raises:
        LprError: it can't be had; the sink is then closed.
    """
    page = config.web
    if not page.web:
        return None
    after_s = page.health_after.total_seconds()
    try:
        return open_page(
            page.web,
            page.web_token,
            stats,
            after_s,
            captions=not config.privacy.blurs,
            marks=_marks(config),
            camera_marks={camera.name: _marks(camera_config(config, camera)) for camera in config.cameras},
            pages=open_pages(config),
            admin_token=page.web_admin_token,
        )
    except LprError:
        sink.close()
        raise


def open_page(
    address: WebAddress,
    token: str,
    stats: RuntimeStats,
    health_after_s: float,
    captions: bool = True,
    marks: Marks = NO_MARKS,
    camera_marks: Mapping[str, Marks] | None = None,
    pages: Pages | None = None,
    admin_token: str = "",
) -> LivePage:
    """Serve the page, and log its address.

    Args:
        address: where it listens.
        token: who knows it gets in; empty for nobody but this machine's own users, or, where others reach it, for a
            new token, which is said.
        stats: how the run does.
        health_after_s: see `App`.
        captions: whether the readings are written next to the plates.
        marks: drawn in every frame.
        camera_marks: the same for each of several cameras, by name; None where there is one source.
        pages: further ones, see `open_pages`.
        admin_token: who knows it may change list and settings; empty for nobody.

    Raises:
        LprError: an extra is missing, or the address can't be had.
    """
    host, port = address.host, address.port
    make_app, make_server = load_server()
    wanted = token or ("" if is_local(host) else new_token())
    pictures = Pictures({name: Picture(captions, own) for name, own in (camera_marks or {"": marks}).items()})
    server = make_server(make_app(pictures, stats, health_after_s, pages).guarded(wanted, admin_token), host, port)
    log_address = (
        log_info if wanted == token else warn
    )  # a new token is always printed, also with --quiet: nobody knows it yet
    log_address(f"live page: {shown_url(host, server.port)}{login_hint(token, wanted)}")
    return LivePage(pictures, server, wanted)


def load_server() -> tuple[Any, Any]:
    """Import `App` and `Server`, which need an extra.

    Raises:
        LprError: it isn't installed.
    """
    with needing_extra("--web", "Starlette and uvicorn", "web"):
        from lpr_edge.web.app import App
        from lpr_edge.web.server import Server
    return App, Server


def _marks(config: Config) -> Marks:
    return Marks.of(config.capture.roi, config.capture.line)
