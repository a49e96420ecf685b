"""Train one run and write its folder."""

from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.folder import CHECKPOINT
from lpr_train.base.task import Task
from lpr_train.loop.distribution import Workplace


def train_run(task: Task, out: Path, resume: bool) -> dict[str, Any]:
    """Train a task into a run folder.

    Args:
        task: what to train.
        out: the run folder, created if missing.
        resume: continue from the last complete epoch.

    Returns:
        The contents of metrics.json; empty for a worker that isn't the chief.

    Raises:
        LprError: the folder already holds a run and `resume` is False, or training fails.
    """
    # TensorFlow is slow to import, so check the folder first.
    from lpr_train.loop.fit import fit
    from lpr_train.runs.run_folder import open_run, write_run

    workplace = Workplace.from_environment()
    if not workplace.is_chief:
        fit(task, out, resume)
        return {}
    if not resume and (out / CHECKPOINT).exists():
        raise LprError(f"{out} already holds a run. Continue it with --resume, or give another --out.")
    open_run(out, task.config)
    return write_run(task, fit(task, out, resume), out)
