"""Fine-tune a network into a run folder, if it gets better."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import read_json
from lpr_edge.contract.run.folder import CHECKPOINT, CONFIDENCE
from lpr_train.base.task import HELD_OUT, ComparesModels, Task
from lpr_train.fine_tune.comparison import Change, compare
from lpr_train.fine_tune.plan import MIN_HELD_OUT

RESULT = "fine_tune.json"
"""The comparison, in the run folder."""


@dataclass(frozen=True)
class FineTuned:
    """Result of a fine-tuning."""

    changes: list[Change]
    """Empty after Ctrl-C."""
    worse: list[str]
    """What got worse; then the run folder holds no new network."""
    factor: float
    """Share of the fine-tuned weights in the kept ones; the rest are the old network's."""
    minutes: float
    interrupted: bool


def fine_tune(task: Task, out: Path, resume: bool, max_drop: float) -> FineTuned:
    """Train a task from its `init`, and write the run folder unless the network got worse.

    The new network is the best one between the old and the fine-tuned weights, see `choose_between`.

    Args:
        task: what to train, with `init` and `data` in its settings.
        out: the run folder, created if missing; its earlier network stays where the new one is worse.
        resume: continue from the last complete epoch.
        max_drop: percentage points that the metric on rendered images, and on photographs of `also`, may fall.

    Raises:
        LprError: too few examples are held out, the folder already holds a run, or training fails.
    """
    from lpr_train.fine_tune.interpolation import FACTORS, choose_between
    from lpr_train.loop.fit import fit
    from lpr_train.loop.warm_start import completed_weights, load_initial_weights
    from lpr_train.runs.run_folder import open_run, write_json, write_run

    assert isinstance(task, ComparesModels)  # as every task of TASKS is
    if not resume and (out / CHECKPOINT).exists():
        raise LprError(f"{out} already holds a run. Continue it with --resume, or give another --out.")
    old = task.build()
    load_initial_weights(old, Path(task.config.init))
    _say(f"measuring {task.config.init} on held-out examples")
    before = task.measure(old)
    _check_held_out(sum(measured.count for measured in before if measured.pictures == HELD_OUT), task)
    tests = task.measure_tests(old)
    open_run(out, task.config)
    fitted = fit(task, out, resume)
    if fitted.interrupted:
        return FineTuned([], [], 1.0, fitted.state.minutes, True)
    _say(f"comparing it with {len(FACTORS)} networks between it and the fine-tuned one")
    old.set_weights(completed_weights(old, Path(task.config.init), fitted.model))
    chosen = choose_between(task, old, fitted.model, before, max_drop)
    changes = [*chosen.changes, *compare(tests, task.measure_tests(chosen.model))]
    if not chosen.worse:
        write_run(task, replace(fitted, model=chosen.model), out)
        _take_confidence(Path(task.config.init), out)
    result = FineTuned(changes, chosen.worse, chosen.factor, fitted.state.minutes, False)
    write_json(out / RESULT, _to_dict(result, task))
    return result


def _say(text: str) -> None:
    """Progress of what takes a minute or more on a busy machine."""
    print(f"lpr-train: {text} ...", file=sys.stderr, flush=True)


def _check_held_out(count: int, task: Task) -> None:
    if count < MIN_HELD_OUT:
        raise LprError(
            f"{count} held-out examples are left to compare the networks on, and {MIN_HELD_OUT} are needed: a "
            f"part of the vehicles that are labelled in {task.config.data} is held out, without what "
            f"{task.config.init} has learnt. Label more photographs, give a larger --holdout, or give --from a network "
            "that hasn't seen these."
        )


def _take_confidence(start: Path, out: Path) -> None:
    """Give the new reader the old one's calibration curves, which are close to its own.

    Without any, the device would report raw confidences, and wouldn't compare a photograph's readings.
    """
    from lpr_train.runs.run_folder import write_json

    path = (start if start.is_dir() else start.parent) / CONFIDENCE
    if path.is_file():
        values = read_json(path)
        write_json(out / CONFIDENCE, values | {"about": {**values["about"], "fitted_for": "the starting network"}})


def _to_dict(result: FineTuned, task: Task) -> dict[str, Any]:
    return {
        "kind": task.kind,
        "init": Path(task.config.init).name,
        "changes": [change.to_dict() for change in result.changes],
        "worse": result.worse,
        "factor": result.factor,
        "minutes": round(result.minutes, 1),
    }
