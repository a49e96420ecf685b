"""Copy a run for distribution: only weights, rendered images instead of real ones, no local paths."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.splits import read_seen
from lpr_edge.contract.run.folder import CARD, CONFIDENCE, CONFIG, HELD_OUT, METRICS, NETWORK, REPRESENTATIVE, SEEN
from lpr_edge.contract.run.model_types import MODEL_TYPES
from lpr_edge.contract.run.samples import write_samples
from lpr_train.base.config import FitConfig, config_to_toml, read_config
from lpr_train.base.task import Task
from lpr_train.loop.warm_start import load_network, with_initial_runs
from lpr_train.runs.run_folder import write_json, write_text
from lpr_train.tasks.registry import task_classes

FOLDERS = ("data", "also")
"""Settings that name a data folder; in a packed run each has its own name as a placeholder."""
"""Confidence calibration in a run folder: written by `lpr-bench calibrate --out`, used by `lpr-export`."""
QUALITY = 85
"""JPEG quality of the packed images: small files, no worse than a camera's."""
MILDER = 0.5
"""Degradation relative to training: on illegible images, rounding would change the text."""
MAX_MEGAPIXELS = 10.0
"""Limit for each image set, which keeps its file small."""


RUNS_NAMED = ("init", "reader", "align", "teacher")
"""Settings that name another run, or its exported network."""


def pack_run(run: Path, out: Path) -> Path:
    """Copy a run without any training data except the weights.

    The images for calibration and parity are rendered from the run's seed.

    Args:
        run: a finished run folder.
        out: the folder to write; files of the same names are replaced.

    Raises:
        LprError: `run` isn't a finished run.
    """
    card = _read_card(run)
    command = MODEL_TYPES[card["kind"]].name
    config_class, task_class = task_classes(command)
    config = read_config(run / CONFIG, config_class)
    _write_weights(run, task_class(_rendering(config)), out)
    shown = _shown(config)
    write_text(out / CONFIG, config_to_toml(shown))
    card["name"] = command
    card["country"] = load_country(config.country).to_dict()
    card["training"] = _without_paths(with_initial_runs(card["training"]))
    write_json(out / CARD, card)
    shutil.copyfile(run / METRICS, out / METRICS)
    _copy_confidence(run, out)
    write_text(out / SEEN, read_seen(run).to_json())
    return out


def _copy_confidence(run: Path, out: Path) -> None:
    """Copy the reader's confidence calibration, or delete an older one in `out`."""
    (out / CONFIDENCE).unlink(missing_ok=True)
    if (run / CONFIDENCE).is_file():
        shutil.copyfile(run / CONFIDENCE, out / CONFIDENCE)


def _rendering(config: FitConfig) -> FitConfig:
    """The run's settings without real data, for rendering images."""
    changes: dict[str, Any] = dict.fromkeys(_runs_named(config), "")
    strength = MILDER * getattr(config, "strength", 0.0)
    return dataclasses.replace(config, **changes | dict.fromkeys(FOLDERS, "") | {"strength": strength})


def _shown(config: FitConfig) -> FitConfig:
    named: dict[str, Any] = {name: Path(getattr(config, name)).name for name in _runs_named(config)}
    folders = {name: name for name in FOLDERS if getattr(config, name)}
    return dataclasses.replace(config, **named | folders)


def _without_paths(training: dict[str, Any]) -> dict[str, Any]:
    """Replace paths in a run's settings, and in those of its initial runs, by the folder's name."""
    names = {key: Path(training[key]).name for key in RUNS_NAMED if training.get(key)}
    data = {name: name for name in FOLDERS if training.get(name)}
    before = {"began_from": _without_paths(training["began_from"])} if training.get("began_from") else {}
    return training | names | data | before


def _runs_named(config: FitConfig) -> list[str]:
    """Names of the settings that refer to other run folders."""
    return [name for name in RUNS_NAMED if hasattr(config, name)]


def _read_card(run: Path) -> dict[str, Any]:
    path = run / CARD
    if not path.is_file() or not (run / NETWORK).is_file():
        raise LprError(f"{run} lacks {NETWORK} or {CARD}: give the folder of a finished run of lpr-train")
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return card


def _write_weights(run: Path, rendering: Task, out: Path) -> None:
    """Save the network without its optimiser, with rendered images for calibration and parity."""
    model = rendering.build()
    model.set_weights(load_network(run / NETWORK).get_weights())
    out.mkdir(parents=True, exist_ok=True)
    model.save(out / NETWORK)
    height, width = model.input_shape[1:3]
    count = min(200, int(MAX_MEGAPIXELS * 1e6 / (height * width)))
    write_samples(out / REPRESENTATIVE, rendering.representative(count), QUALITY)
    write_samples(out / HELD_OUT, rendering.heldout(count), QUALITY)
