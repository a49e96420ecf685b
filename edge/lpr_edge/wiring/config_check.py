"""Check settings before a running process is restarted with them."""

from lpr_edge.capture.open_source import check_frames
from lpr_edge.config.config import Config
from lpr_edge.config.loading import camera_config, each_camera
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.manifest import read_manifest
from lpr_edge.text.grammar import Grammar
from lpr_edge.updates.model_files import configured_runtime, model_file
from lpr_edge.watchlist.on_match import check_on_match
from lpr_edge.wiring.wire_hashing import configured_hasher
from lpr_edge.wiring.wire_lists import load_watch_list
from lpr_edge.wiring.wire_sinks import enabled_sinks, reader_country
from lpr_edge.wiring.wire_web import load_server


def check_settings(config: Config) -> None:
    """Check everything that can be wrong without opening a camera or a sink.

    Raises:
        LprError: what is wrong.
    """
    read_manifest(model_file(config, "detector"))
    grammar = open_grammar(config)
    for camera in config.cameras:
        check_source(camera_config(config, camera))
    for own in each_camera(config):
        _check_camera(own, grammar)
    for sink in enabled_sinks(config):
        sink.check()
    runtime = configured_runtime(config)
    if runtime != "auto":
        runtime.check()
    if config.web.web:
        load_server()


def _check_camera(config: Config, grammar: Grammar) -> None:
    if config.watchlist.list:
        load_watch_list(config, grammar, configured_hasher(config, grammar))
    if config.watchlist.on_match:
        check_on_match(config.watchlist)


def check_source(config: Config) -> None:
    """Check one of several cameras: an error found only on opening it would be missed by the others.

    Raises:
        LprError: its source can never be opened, or is no camera, stream or clip.
    """
    name, source = config.capture.source_name, config.capture.source
    try:
        if source:
            check_frames(source)
    except LprError as error:
        raise LprError(f"camera {name}: {error}") from error


def open_grammar(config: Config) -> Grammar:
    """Grammar of the reader's country, without loading the reader.

    Raises:
        LprError: its file can't be had.
    """
    return Grammar(reader_country(config))
