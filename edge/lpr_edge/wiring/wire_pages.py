"""Open the configured pages besides the live page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lpr_edge.base.state_dir import state_folder
from lpr_edge.config.config import Config
from lpr_edge.config.loading import each_camera
from lpr_edge.contract.base.units import TextValue
from lpr_edge.contract.manifest import read_manifest
from lpr_edge.history.access import HistoryAccess
from lpr_edge.privacy.hashing_sink import PlateHasher
from lpr_edge.service.audit_log import NAME, AuditLog
from lpr_edge.service.settings_file import SettingsFile
from lpr_edge.text.grammar import Grammar
from lpr_edge.updates.model_files import model_file
from lpr_edge.watchlist.list_file import ListFile
from lpr_edge.watchlist.watch_list import HASH, read_list
from lpr_edge.wiring.wire_collect import correction_keeper
from lpr_edge.wiring.wire_hashing import configured_hasher
from lpr_edge.wiring.wire_sinks import history_access, history_settings, reader_country


def open_pages(config: Config, settings_file: Path | None = None) -> dict[str, list[Any]]:
    """Open the pages of history, watch lists and drawing, as far as the settings allow them.

    Args:
        config: the settings.
        settings_file: that they were read from.

    Raises:
        LprError: one of them can't be had.
    """
    grammar = Grammar(reader_country(config))  # one of its own, since grammars belong to one thread
    hasher = configured_hasher(config, grammar)
    pages: dict[str, list[Any]] = {}
    if history_settings(config).is_on:
        hide, keep = hasher.hash_text if hasher else None, correction_keeper(config, grammar.country)
        pages["history"] = history_routes(history_access(config, grammar, hide, keep=keep))
    lists = _lists_of(config, hasher) if config.web.web_admin_token else {}
    audit = AuditLog(state_folder() / NAME) if config.web.web_admin_token else None
    if lists and audit:
        pages["list"] = list_routes(lists, audit, hasher)
    drawn = {own.capture.source_name if config.cameras else "": own.capture for own in each_camera(config)}
    shapes = {name: {key: _text(getattr(own, key)) for key in ("roi", "line", "tiles")} for name, own in drawn.items()}
    network_side = max(read_manifest(model_file(config, "detector")).input.size_hw)
    pages["draw"] = draw_routes(shapes, network_side, settings_file, audit)
    return pages


def _text(value: TextValue | None) -> str:
    return "" if value is None else str(value)


def draw_routes(
    cameras: Mapping[str, Mapping[str, str]],
    network_side: int,
    settings_file: Path | None = None,
    audit: AuditLog | None = None,
) -> list[Any]:
    """Routes of the page where region, line and tiles are drawn.

    Args:
        cameras: texts of `roi`, `line` and `tiles` by the camera's name.
        network_side: longer side of the detector's input.
        settings_file: takes changes; without it, and the log, nothing is saved.
        audit: logs changes.
    """
    from lpr_edge.web.draw_api import DrawApi

    file = SettingsFile(settings_file) if settings_file else None
    return [*DrawApi(cameras, network_side, file, audit).routes()]


def history_routes(access: HistoryAccess) -> list[Any]:
    """Routes of the history page."""
    from lpr_edge.web.history_api import HistoryApi

    return [*HistoryApi(access).routes()]


def list_routes(lists: Mapping[str, ListFile], audit: AuditLog, hasher: PlateHasher | None = None) -> list[Any]:
    """Routes of the watch lists' page."""
    from lpr_edge.web.list_api import ListApi

    def conceal(plate: str) -> str:
        return plate if hasher is None or HASH.fullmatch(plate) else hasher.hash_text(plate)

    return [*ListApi(lists, audit, conceal).routes()]


def _lists_of(config: Config, hasher: PlateHasher | None) -> dict[str, ListFile]:
    """Each camera's list by its file name, or by its path if two have the same name."""
    found: dict[Path, ListFile] = {}
    for own in each_camera(config):
        path = own.watchlist.list
        if path is not None and path not in found:
            found[path] = list_file(path, Grammar(reader_country(config)), hasher, own.watchlist.list_wildcard_actions)
    names = [path.name for path in found]
    return {path.name if names.count(path.name) == 1 else str(path): each for path, each in found.items()}


def list_file(
    path: Path, grammar: Grammar, hasher: PlateHasher | None = None, allow_wildcard_actions: bool = False
) -> ListFile:
    """A list's file, whose changes are parsed as the device parses them."""
    hide = hasher.hash_key if hasher else None
    return ListFile(path, lambda changed: read_list(changed, grammar, hide, allow_wildcard_actions))
