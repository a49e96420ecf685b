"""A network judged on all of the training photographs: each by the run that held it out, vehicles kept together."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from lpr_edge.contract.errors import LprError
from lpr_edge.contract.metrics import WIDTH_BANDS, character_error_rate, share, width_band
from lpr_train.base.config import FitConfig, config_to_toml
from lpr_train.base.task import ReportsOutcomes, Task
from lpr_train.runs.run_folder import is_finished, write_json
from lpr_train.runs.train_run import train_run
from lpr_train.tasks.registry import task_classes

NAME = "cross_validation.json"

Outcome = dict[str, Any]


def cross_validate(command: str, config: FitConfig, folds: int, out: Path) -> list[list[Outcome]]:
    """Train fold after fold, those that are finished left as they are, and write `cross_validation.json`.

    Args:
        command: `reader` or `detector`.
        config: of every run; its photographs are parted by `seed`.
        folds: how many.
        out: takes a run folder a fold; the same one again goes on where it was stopped.

    Returns:
        What became of each plate, a finished fold each; fewer than `folds` after Ctrl-C.

    Raises:
        LprError: there is no data, a fold there has other settings, or training fails.
    """
    if not config.data:
        raise LprError("A cross-validation is over real photographs: give --data DIR.")
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
    """Train a fold, or what is left of it; False where it was stopped."""
    from lpr_train.loop.fit import CHECKPOINT

    begun = (folder / CHECKPOINT).exists()
    if begun and (folder / "config.toml").read_text(encoding="utf-8") != config_to_toml(task.config):
        raise LprError(f"{folder} was begun with other settings. Give those again, or another --out.")
    if is_finished(folder, task.config.epochs):
        return True
    return not train_run(task, folder, resume=begun)["interrupted"]


def _outcomes(task: Task, folder: Path) -> list[Outcome]:
    from lpr_train.loop.warm_start import load_network

    assert isinstance(task, ReportsOutcomes)  # as every task of TASKS is
    outcomes = task.outcomes(load_network(folder / "model.keras"))
    write_json(folder / "outcomes.json", {"outcomes": outcomes})
    return outcomes


def figures(folds: Sequence[Sequence[Outcome]]) -> dict[str, Any]:
    """Figures over all folds together, with 95 % intervals (Wilson 1927), by rows and width, and of each fold."""
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
    """Groups of plates by name, in an order or by alphabet; a false alarm is of no group."""
    named = [(name_of(plate), plate) for plate in plates if "false_alarm" not in plate]
    for name in order or sorted({name for name, _ in named}):
        group = [plate for its, plate in named if its == name]
        if group:
            yield name, group


def _measure(plates: Sequence[Outcome]) -> dict[str, Any]:
    """A reader's exact match and CER, a detector's recall and precision."""
    true = [plate for plate in plates if "false_alarm" not in plate]
    if any("truth" in plate for plate in true):
        exact = sum(plate["truth"] == plate["read"] for plate in true)
        errors = character_error_rate([(plate["truth"], plate["read"]) for plate in true])
        return {"exact": share(exact, len(true)), "cer": errors}
    found = sum(plate["found"] for plate in true)
    recall = {"recall": share(found, len(true))}
    return recall | {"precision": share(found, found + len(plates) - len(true))}


def format_figures(found: dict[str, Any]) -> str:
    """A line a group."""
    lines = [("all", found["all"]), *found["by rows"].items(), *found["by width"].items()]
    lines += [(f"fold {number}", measure) for number, measure in enumerate(found["folds"], 1)]
    return "\n".join(f"{name:<12} {_format(measure, name)}" for name, measure in lines)


def _format(measure: dict[str, Any], name: str) -> str:
    parts = []
    for metric, value in measure.items():
        if metric == "precision" and name != "all" and not name.startswith("fold"):
            continue  # a false alarm has no rows and no plate's width
        if isinstance(value, dict):
            low, high = value["interval"]
            told = "–" if value["value"] is None else f"{value['value']:.1%} [{low:.0%}–{high:.0%}]"
            parts.append(f"{metric} {told} {value['successes']}/{value['count']}")
        else:
            parts.append(f"{metric} {value:.1%}")
    return ", ".join(parts)
