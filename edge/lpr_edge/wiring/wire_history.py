"""The history that the settings name, for those who look at it."""

from pathlib import Path

from lpr_edge.base.config import Config
from lpr_edge.history.access import HistoryAccess
from lpr_edge.history.sink import HistorySettings
from lpr_edge.text.grammar import Grammar
from lpr_edge.wiring.wire_lists import wanted_hasher
from lpr_edge.wiring.wire_sinks import reader_country


def history_settings(config: Config) -> HistorySettings:
    """The history's settings; their defaults where none are given."""
    settings = config.sinks.get("history", HistorySettings())
    assert isinstance(settings, HistorySettings)
    return settings


def open_history(config: Config, folder: Path | None = None) -> HistoryAccess:
    """The history that these settings keep; there may be none yet.

    Args:
        config: the settings.
        folder: in place of theirs.

    Raises:
        LprError: the reader's country or the key of hashes can't be had.
    """
    grammar = Grammar(reader_country(config))
    hasher = wanted_hasher(config, grammar)
    return HistoryAccess(folder or history_settings(config).path, grammar, hasher.hash_text if hasher else None)
