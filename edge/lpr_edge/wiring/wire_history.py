"""The history that the settings name, for those who look at it."""

from collections.abc import Callable
from pathlib import Path

from lpr_edge.base.config import Config
from lpr_edge.history.access import HistoryAccess
from lpr_edge.history.sink import HistorySettings
from lpr_edge.text.grammar import Grammar


def history_settings(config: Config) -> HistorySettings:
    """The history's settings; their defaults where none are given."""
    settings = config.sinks.get("history", HistorySettings())
    assert isinstance(settings, HistorySettings)
    return settings


def history_access(
    config: Config, grammar: Grammar, hide: Callable[[str], str] | None = None, folder: Path | None = None
) -> HistoryAccess:
    """The history that these settings keep; there may be none yet.

    Args:
        config: the settings.
        grammar: of the reader's country.
        hide: see `HistoryAccess`.
        folder: in place of that of the settings.

    Raises:
        LprError: no folder is given, and this user has no state folder.
    """
    return HistoryAccess(folder or history_settings(config).path, grammar, hide)
