"""The run that a fine-tuning starts from: one that ships with lpr, or the user's own."""

from pathlib import Path
from typing import TypeVar

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.folder import CONFIG, NETWORK
from lpr_train.base.config import FitConfig, read_config

PACKAGE = Path(__file__).parents[1]
PLACES = (PACKAGE.parent / "lpr_export/models", PACKAGE.parents[1] / "export/lpr_export/models")
"""Where the networks that ship with lpr lie: next to this package where lpr is installed, or in a checkout."""
C = TypeVar("C", bound=FitConfig)


def starting_run(command: str, chosen: Path | None, places: tuple[Path, ...] = PLACES) -> Path:
    """Find the run to start from.

    Args:
        command: `reader`, `detector` or `characters`.
        chosen: a run folder or a model.keras; None for the network that ships with lpr.
        places: folders that may hold the shipped networks.

    Raises:
        LprError: there is no network.
    """
    candidates = [chosen] if chosen else [place / command for place in places]
    for run in candidates:
        if (run / NETWORK if run.is_dir() else run).is_file():
            return run
    if chosen:
        raise LprError(f"--from {chosen} holds no network. Give a run folder with {NETWORK}, or that file.")
    raise LprError(f"This installation of lpr has no float {command}. Give --from a run folder that lpr-train wrote.")


def starting_settings(run: Path, config_class: type[C]) -> C:
    """Settings with which a starting network was trained; defaults if they weren't recorded.

    Raises:
        LprError: its config.toml is broken, or is another task's.
    """
    path = (run if run.is_dir() else run.parent) / CONFIG
    try:
        return read_config(path, config_class) if path.is_file() else config_class()
    except LprError as error:
        raise LprError(f"--from {run} isn't a run of this network: {error}") from error
