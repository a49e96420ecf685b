"""Open the configured watch list."""

from lpr_edge.config.config import Config
from lpr_edge.privacy.hashing_sink import PlateHasher
from lpr_edge.text.grammar import Grammar
from lpr_edge.watchlist.auto_reload import ReloadingWatchList
from lpr_edge.watchlist.watch_list import WatchList, read_list


def load_watch_list(config: Config, grammar: Grammar, hasher: PlateHasher | None) -> WatchList:
    """Load the watch list once.

    Raises:
        LprError: it can't be read.
    """
    if config.watchlist.list is None:
        raise ValueError("these settings have no list")
    return read_list(
        config.watchlist.list, grammar, hasher.hash_key if hasher else None, config.watchlist.list_wildcard_actions
    )


def open_list(config: Config, grammar: Grammar, hasher: PlateHasher | None) -> ReloadingWatchList:
    """Open the watch list, which is reloaded when its file changes.

    Raises:
        LprError: it can't be read.
    """
    path = config.watchlist.list
    assert path is not None
    own = Grammar(grammar.country)  # used by another thread: a grammar has a cache
    return ReloadingWatchList(path, lambda: load_watch_list(config, own, hasher))
