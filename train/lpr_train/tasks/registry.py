"""The networks that can be trained, by command name."""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lpr_train.base.config import FitConfig

if TYPE_CHECKING:
    from lpr_train.base.task import Task  # needs OpenCV, which --help does without

TASKS = {
    "detector": "the plate's four corners in a frame",
    "reader": "the text of a rectified plate",
    "characters": "one cropped character",
}
"""Command -> what its network detects or reads. Each has a folder: `config` has `NameConfig`, `task` has `NameTask`."""
FOLD_TASKS = ("reader", "detector")
"""Commands that can be cross-validated: their photographs are grouped by vehicle."""


def task_classes(command: str) -> tuple[type[FitConfig], "Callable[[Any], Task]"]:
    """Import a task; returns its settings class and its task class."""
    settings = importlib.import_module(f"lpr_train.tasks.{command}.config")
    module = importlib.import_module(f"lpr_train.tasks.{command}.task")
    return getattr(settings, f"{command.title()}Config"), getattr(module, f"{command.title()}Task")
