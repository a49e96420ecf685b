"""Open the configured hashing of plates."""

from lpr_edge.base.state_dir import state_folder
from lpr_edge.config.config import Config
from lpr_edge.privacy.hashing_sink import PlateHasher
from lpr_edge.privacy.key import load_key
from lpr_edge.text.grammar import Grammar


def open_hasher(config: Config, grammar: Grammar) -> PlateHasher:
    """Open the hasher with this device's key.

    Raises:
        LprError: the key can't be had.
    """
    return PlateHasher(load_key(config.privacy.hash_key or state_folder() / "hash.key"), grammar)


def configured_hasher(config: Config, grammar: Grammar) -> PlateHasher | None:
    """Open the hasher if the settings hash plates, else None.

    Raises:
        LprError: the key can't be had.
    """
    return open_hasher(config, grammar) if config.privacy.hash_plates else None
