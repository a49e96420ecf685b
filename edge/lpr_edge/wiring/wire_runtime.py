"""The runtime that the settings ask for."""

from typing import Literal

from lpr_edge.base.config import Config
from lpr_edge.runtimes.opening import find_runtime
from lpr_edge.runtimes.runtime import Runtime


def wanted_runtime(config: Config) -> Runtime | Literal["auto"]:
    """The runtime that is chosen, with its settings; `auto` where the model's file decides.

    Raises:
        LprError: its package can't be loaded.
    """
    name = config.models.runtime
    return "auto" if name == "auto" else find_runtime(name).with_settings(config.runtimes.get(name))
