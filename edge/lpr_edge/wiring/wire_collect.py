"""Open the configured collection of examples."""

from lpr_edge.base.board import clock_is_held
from lpr_edge.collect.collect_folder import CollectFolder, Limits
from lpr_edge.collect.collect_writer import CollectWriter
from lpr_edge.collect.collector import Collector, CollectRules
from lpr_edge.collect.corrections import CorrectionKeeper
from lpr_edge.config.config import Config
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_edge.history.access import Keep
from lpr_edge.vision.reader import Reader


def open_collect_folder(config: Config, country: Country) -> CollectFolder:
    """Open the configured folder.

    Raises:
        LprError: it can't be written.
    """
    wanted = config.collect
    if wanted.collect is None:
        raise ValueError("these settings collect nothing")
    trusts = config.delivery.trust_clock
    limits = Limits(wanted.collect_quota, wanted.collect_keep)
    try:
        return CollectFolder(
            wanted.collect, country, limits, wanted.collect_crops, lambda: trusts or clock_is_held() is not False
        )
    except OSError as error:
        raise LprError(f"--collect {wanted.collect} can't be written: {error.strerror}. Give another folder") from error


def open_collectors(config: Config, reader: Reader, count: int) -> list[Collector] | list[None]:
    """Open a collector for each camera, all with one folder; None for each if collecting is off.

    Args:
        config: the settings.
        reader: of all cameras; it reads contradicted frames again.
        count: number of cameras.

    Raises:
        LprError: the folder can't be written.
    """
    if config.collect.collect is None:
        return [None] * count
    rules = CollectRules(config.collect.collect_below, config.collect.collect_votes)
    writer = CollectWriter(open_collect_folder(config, reader.grammar.country))
    return [Collector(rules, writer, reader.read) for _ in range(count)]


def correction_keeper(config: Config, country: Country) -> Keep | None:
    """What keeps the corrections of the history as examples; None where nothing is collected."""
    if config.collect.collect is None:
        return None
    return CorrectionKeeper(lambda: open_collect_folder(config, country), country).keep
