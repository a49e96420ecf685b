"""Files of a run folder, which export or a later run read."""

import csv
import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.splits import SeenPictures
from lpr_edge.contract.run.folder import CARD, CONFIG, CURVES, HELD_OUT, HISTORY, METRICS, NETWORK, REPRESENTATIVE, SEEN
from lpr_edge.contract.run.samples import write_samples
from lpr_train.base.config import FitConfig, config_to_toml
from lpr_train.base.task import LearnsLabels, LearnsPictures, Task
from lpr_train.data.initial_run import images_of_initial_run
from lpr_train.loop.fit import Fitted
from lpr_train.loop.warm_start import with_initial_runs
from lpr_train.networks import multiply_adds
from lpr_train.report.plots import plot_curves


def open_run(out: Path, config: FitConfig) -> None:
    """Create the folder and write the settings, so that a stopped run can be resumed.

    Raises:
        LprError: the folder can't be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / CONFIG, config_to_toml(config))
    except OSError as error:
        raise LprError(f"{out} can't be written: {error.strerror}. Give --out a folder of your own.") from error


def write_run(task: Task, fitted: Fitted, out: Path) -> dict[str, Any]:
    """Write all files of a finished run, the network first.

    Returns:
        The contents of metrics.json.
    """
    _whole(out / NETWORK, fitted.model.save)
    write_text(out / SEEN, seen_by(task).to_json())
    write_text(out / HISTORY, _history_csv(fitted.state.history))
    metrics = _metrics(task, fitted, out.name)
    write_json(out / METRICS, metrics)
    write_json(out / CARD, model_card(task, fitted, out.name, metrics["metrics"]))
    write_samples(out / REPRESENTATIVE, task.representative(task.config.representative))
    write_samples(out / HELD_OUT, task.heldout(task.config.heldout))
    plot_curves(fitted.state.history, out / CURVES)
    task.plots(fitted.model, out)
    return metrics


def seen_by(task: Task) -> SeenPictures:
    """The images and labels that a task's network was trained on, including those of its initial weights."""
    own = task.learnt_sha256() if isinstance(task, LearnsPictures) else ()
    labels = task.learnt_labels() if isinstance(task, LearnsLabels) else ()
    return images_of_initial_run(task.config.init).and_also(SeenPictures.of(own, labels))


def _marked(metrics: list[dict[str, Any]], init: str) -> list[dict[str, Any]]:
    """Mark metrics on held-out data if the training images of the initial weights are unknown."""
    if images_of_initial_run(init).is_complete:
        return metrics
    return [
        metric | {"split": f"{metric['split']}, maybe seen by --init"} if metric["data"] != "rendered" else metric
        for metric in metrics
    ]


def model_card(task: Task, fitted: Fitted, name: str, metrics: list[dict[str, Any]]) -> dict[str, Any]:
    """Build the manifest's training part; export adds outputs, precision, calibration and hashes."""
    training = with_initial_runs(dataclasses.asdict(task.config) | {"best_epoch": fitted.state.best_epoch})
    return {
        "kind": task.kind,
        "name": name,
        "metrics": metrics,
        "training": training,
        "country": load_country(task.config.country).to_dict(),
        **task.model_card_fields(),
    }


def _metrics(task: Task, fitted: Fitted, name: str) -> dict[str, Any]:
    state = fitted.state
    return {
        "kind": task.kind,
        "name": name,
        "metrics": _marked(task.final_metrics(fitted.model), task.config.init),
        "parameters": fitted.model.count_params(),
        "multiply_adds": multiply_adds(fitted.model),
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        "minutes": round(state.minutes, 1),
        "interrupted": fitted.interrupted,
    }


def _history_csv(history: list[dict[str, float]]) -> str:
    # Epochs without a validation lack its columns.
    columns = list(dict.fromkeys(key for row in history for key in row))
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows({key: f"{value:.6g}" for key, value in row.items()} for row in history)
    return text.getvalue()


def is_finished(folder: Path, epochs: int) -> bool:
    """Whether a run folder holds a complete run of at least `epochs` epochs."""
    path = folder / METRICS
    if not path.is_file():
        return False
    metrics = json.loads(path.read_text(encoding="utf-8"))
    return not metrics["interrupted"] and bool(metrics["epochs"] >= epochs)


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write values as indented JSON."""
    write_text(path, json.dumps(values, ensure_ascii=False, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a temporary file and rename it."""
    _whole(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    beside = path.with_name(f".{path.name}{path.suffix}")  # the suffix stays: Keras chooses its format by it
    write(beside)
    beside.replace(path)
