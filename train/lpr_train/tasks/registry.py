"""The networks that can be trained, by the command that names them."""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lpr_train.base.config import FitConfig

if TYPE_CHECKING:
    from lpr_train.base.task import Task  # needs OpenCV, and --help doesn't

TASKS = {
    "detector": "the plate's four corners in a frame",
    "reader": "the text of a rectified plate",
    "characters": "one cropped character",
}
"""Command -> what its network finds. Each is a module here, with its settings `NameConfig` and `NameTask(config)`."""
FOLD_TASKS = ("reader", "detector")
"""Commands that can be cross-validated: their photographs are held out by vehicles."""


def task_classes(command: str) -> tuple[type[FitConfig], "Callable[[Any], Task]"]:
    """A task's settings, and the task made from them."""
    module = importlib.import_module(f"lpr_train.tasks.{command}")
    return getattr(module, f"{command.title()}Config"), getattr(module, f"{command.title()}Task")
