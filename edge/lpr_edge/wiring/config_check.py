"""Whether settings can be used, before anything is given up for them."""

from lpr_edge.base.config import Config
from lpr_edge.contract.manifest import read_manifest
from lpr_edge.runtimes.shipped_models import model_file
from lpr_edge.text.grammar import Grammar
from lpr_edge.tracking.line import parse_line
from lpr_edge.vision.roi import parse_roi
from lpr_edge.watchlist.run_command import parse_command
from lpr_edge.wiring.wire_lists import load_watch_list, wanted_hasher
from lpr_edge.wiring.wire_runtime import wanted_runtime
from lpr_edge.wiring.wire_sinks import reader_country, wanted_sinks
from lpr_edge.wiring.wire_web import load_server


def check_settings(config: Config) -> None:
    """Look at all that can be wrong without opening a camera or a sink.

    Raises:
        LprError: what is wrong.
    """
    read_manifest(model_file(config, "detector"))
    grammar = open_grammar(config)
    if config.capture.roi:
        parse_roi(config.capture.roi)
    if config.capture.line:
        parse_line(config.capture.line)
    if config.watchlist.list:
        load_watch_list(config, grammar, wanted_hasher(config, grammar))
    if config.watchlist.on_match:
        parse_command(config.watchlist.on_match)
    for sink in wanted_sinks(config):
        sink.check()
    runtime = wanted_runtime(config)
    if runtime != "auto":
        runtime.check()
    if config.web.web:
        load_server()


def open_grammar(config: Config) -> Grammar:
    """What the reader's country allows, without loading the reader.

    Raises:
        LprError: its file can't be had.
    """
    return Grammar(reader_country(config))
