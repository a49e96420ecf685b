"""Cross-validation over all training photographs, with the photographs of a vehicle in the same fold."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.metrics import WIDTH_BANDS, character_error_rate, share, width_band
from lpr_edge.contract.run.folder import CHECKPOINT, CONFIG, NETWORK, OUTCOMES
from lpr_train.base.config import FitConfig, read_config
from lpr_train.base.task import ReportsOutcomes, Task
from lpr_train.runs.run_folder import is_finished, write_json
from lpr_train.runs.train_run import train_run
from lpr_train.tasks.registry import task_classes

NAME = "cross_validation.json"

Outcome = dict[str, Any]


def cross_validate(command: str, config: FitConfig, folds: int, out: Path) -> list[list[Outcome]]:
    """Train one run for each fold, skip finished ones, and write `cross_validation.json`.

    Args:
        command: `reader` or `detector`.
        config: settings of every run; `seed` assigns the photographs to folds.
        folds: number of folds.
        out: folder with one run folder for each fold; a stopped cross-validation resumes from it.

    Returns:
        The result for each plate, for each finished fold; fewer than `folds` after Ctrl-C.

    Raises:
        LprError: there is no data, a fold in `out` has other settings, or training fails.
    """
    if not config.data:
        raise LprError("Cross-validation needs real photographs: give --data DIR.")
    done: list[list[Outcome]] = []
    for fold in range(1, folds + 1):
        chosen: dict[str, Any] = {"fold": fold, "folds": folds}
        one = dataclasses.replace(config, **chosen)
        task, folder = task_classes(command)[1](one), out / f"fold-{fold}"
        if not _finish(task, folder):
            break
        done.append(_outcomes(task, folder))
        write_json(out / NAME, {"task": command, "folds": folds, "finished": fold, "figures": figures(done)})
    return done


def _finish(task: Task, folder: Path) -> bool:
    """Train a fold or resume it; returns False if it was stopped."""
    begun = (folder / CHECKPOINT).exists()
    if begun and read_config(folder / CONFIG, type(task.config)) != task.config:
        raise LprError(f"{folder} holds a run with other settings. Give the same settings, or another --out.")
    if is_finished(folder, task.config.epochs):
        return True
    return not train_run(task, folder, resume=begun)["interrupted"]


def _outcomes(task: Task, folder: Path) -> list[Outcome]:
    from lpr_train.loop.warm_start import load_network

    assert isinstance(task, ReportsOutcomes)  # as every task of TASKS is
    outcomes = task.outcomes(load_network(folder / NETWORK))
    write_json(folder / OUTCOMES, {"outcomes": outcomes})
    return outcomes


def figures(folds: Sequence[Sequence[Outcome]]) -> dict[str, Any]:
    """Compute metrics with Wilson intervals (Wilson 1927) over all folds, by rows, by width, and for each fold."""
    plates = [outcome for fold in folds for outcome in fold]
    return {
        "all": _measure(plates),
        "by rows": {name: _measure(group) for name, group in _grouped(plates, _rows, ())},
        "by width": {name: _measure(group) for name, group in _grouped(plates, _band, WIDTH_BANDS)},
        "folds": [_measure(fold) for fold in folds],
    }


def _rows(plate: Outcome) -> str:
    return f"{plate['rows']} row{'s' if plate['rows'] > 1 else ''}"


def _band(plate: Outcome) -> str:
    return width_band(plate["width_px"])


def _grouped(
    plates: Sequence[Outcome], name_of: Callable[[Outcome], str], order: Sequence[str]
) -> Iterable[tuple[str, list[Outcome]]]:
    """Group plates by name, in the given order or alphabetically; false positives belong to no group."""
    named = [(name_of(plate), plate) for plate in plates if "false_alarm" not in plate]
    for name in order or sorted({name for name, _ in named}):
        group = [plate for its, plate in named if its == name]
        if group:
            yield name, group


def _measure(plates: Sequence[Outcome]) -> dict[str, Any]:
    """Exact match and CER of a reader, recall and precision of a detector."""
    true = [plate for plate in plates if "false_alarm" not in plate]
    if any("truth" in plate for plate in true):
        exact = sum(plate["truth"] == plate["read"] for plate in true)
        errors = character_error_rate([(plate["truth"], plate["read"]) for plate in true])
        return {"exact": share(exact, len(true)), "cer": errors}
    found = sum(plate["found"] for plate in true)
    recall = {"recall": share(found, len(true))}
    return recall | {"precision": share(found, found + len(plates) - len(true))}


def format_figures(metrics: dict[str, Any]) -> str:
    """Format one line for each group."""
    lines = [("all", metrics["all"]), *metrics["by rows"].items(), *metrics["by width"].items()]
    lines += [(f"fold {number}", measure) for number, measure in enumerate(metrics["folds"], 1)]
    return "\n".join(f"{name:<12} {_format(measure, name)}" for name, measure in lines)


def _format(measure: dict[str, Any], name: str) -> str:
    parts = []
    for metric, value in measure.items():
        if metric == "precision" and name != "all" and not name.startswith("fold"):
            continue  # a false positive has no rows and no width
        if isinstance(value, dict):
            low, high = value["interval"]
            text = "–" if value["value"] is None else f"{value['value']:.1%} [{low:.0%}–{high:.0%}]"
            parts.append(f"{metric} {text} {value['successes']}/{value['count']}")
        else:
            parts.append(f"{metric} {value:.1%}")
    return ", ".join(parts)
