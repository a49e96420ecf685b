"""Watch lists and keyed hashes of plates, as the settings ask for them."""

from lpr_edge.base.config import Config
from lpr_edge.base.state_dir import state_folder
from lpr_edge.privacy.hashing_sink import PlateHasher
from lpr_edge.privacy.key import load_key
from lpr_edge.text.grammar import Grammar
from lpr_edge.watchlist.auto_reload import ReloadingWatchList
from lpr_edge.watchlist.watch_list import WatchList, read_list


def open_hasher(config: Config, grammar: Grammar) -> PlateHasher:
    """What hashes plates, with this device's key.

    Raises:
        LprError: the key can't be had.
    """
    return PlateHasher(load_key(config.privacy.hash_key or state_folder() / "hash.key"), grammar)


def wanted_hasher(config: Config, grammar: Grammar) -> PlateHasher | None:
    """The same where plates are to be hashed; None where they aren't.

    Raises:
        LprError: the key can't be had.
    """
    return open_hasher(config, grammar) if config.privacy.hash_plates else None


def load_watch_list(config: Config, grammar: Grammar, hasher: PlateHasher | None) -> WatchList:
    """The watch list as its file is now.

    Raises:
        LprError: it can't be read.
    """
    if config.watchlist.list is None:
        raise ValueError("these settings have no list")
    return read_list(
        config.watchlist.list, grammar, hasher.hash_key if hasher else None, config.watchlist.list_wildcard_actions
    )


def open_list(config: Config, grammar: Grammar, hasher: PlateHasher | None) -> ReloadingWatchList:
    """The watch list, read again when it changes.

    Raises:
        LprError: it can't be read.
    """
    path = config.watchlist.list
    assert path is not None
    own = Grammar(grammar.country)  # a thread uses it: grammars remember what they have found
    return ReloadingWatchList(path, lambda: load_watch_list(config, own, hasher))
