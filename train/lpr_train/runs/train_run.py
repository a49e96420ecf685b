"""One run from settings to a folder, whoever asks for it."""

from pathlib import Path
from typing import Any

from lpr_edge.contract.errors import LprError
from lpr_train.base.task import Task
from lpr_train.loop.distribution import Workplace


def train_run(task: Task, out: Path, resume: bool) -> dict[str, Any]:
    """Train a task into a run folder.

    Args:
        task: what to train.
        out: the run's folder, made if need be.
        resume: go on from its last whole epoch.

    Returns:
        What metrics.json holds; nothing for a worker that isn't the chief, who writes it.

    Raises:
        LprError: the folder holds a run that isn't to be resumed, or training fails.
    """
    # TensorFlow is slow to import: not before the folder is known to be free.
    from lpr_train.loop.fit import CHECKPOINT, fit
    from lpr_train.runs.run_folder import open_run, write_run

    workplace = Workplace.from_environment()
    if not workplace.is_chief:
        fit(task, out, resume)
        return {}
    if not resume and (out / CHECKPOINT).exists():
        raise LprError(f"{out} holds a run already. Go on with it by --resume, or give another --out.")
    open_run(out, task.config)
    return write_run(task, fit(task, out, resume), out)
