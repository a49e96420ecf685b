"""`lpr-train fine-tune`: its flags, and what it prints."""

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.folder import CONFIG
from lpr_train.base.config import FitConfig, read_config
from lpr_train.tasks.registry import TASKS, task_classes

DESCRIPTION = (
    "Start from the network that ships with lpr, or from --from, and train it on your photographs, mixed with rendered "
    "ones. A fifth of your vehicles, of few more, is held out. The new network, which may lie between the old and the "
    "fine-tuned weights, is written only if it isn't worse than the old one on these, on rendered images and on those "
    "of --also."
)


def add_command(commands: Any) -> None:
    """Add it to the parser of `lpr-train`."""
    parser = commands.add_parser("fine-tune", help="improve a network with your photographs", description=DESCRIPTION)
    add = parser.add_argument
    add("task", choices=TASKS, help="the network to improve")
    add("--data", type=Path, required=True, metavar="DIR", help="folder with your labelled photographs")
    add("--out", type=Path, required=True, metavar="RUN", help="run folder, created if missing")
    add("--from", dest="start", type=Path, metavar="RUN", help="run folder or model.keras (default: the shipped one)")
    add(
        "--also", type=Path, metavar="DIR", help="folder with other labelled photographs, which are not to be forgotten"
    )
    add("--minutes", type=_minutes, default=30.0, metavar="N", help="time limit of the training (default: 30)")
    add(
        "--max-drop",
        type=float,
        default=1.0,
        metavar="P",
        help="points lost at most on rendered images and on --also's photographs (default: 1)",
    )
    add(
        "--holdout",
        type=_share,
        metavar="SHARE",
        help="held-out fraction of the vehicles that you labelled; 1 trains on votes alone (default: 0.2, of few more)",
    )
    add("--country", metavar="NAME", help="the plates to learn (default: those of the starting network)")
    add("--seed", type=int, default=1, metavar="N", help="draws held-out vehicles and samples (default: 1)")
    add("--resume", action="store_true", help="continue from RUN's last complete epoch")
    parser.set_defaults(act=_fine_tune)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0.0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of minutes above 0, found {text!r}")
    return minutes


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.0 < share <= 1.0:
        raise argparse.ArgumentTypeError(f"expected a fraction above 0, at most 1, found {text!r}")
    return share


def _fine_tune(parsed: argparse.Namespace) -> int:
    config_class, make_task = task_classes(parsed.task)
    config = _resumed(parsed, config_class) if parsed.resume else _settings(parsed, config_class)
    from lpr_train.fine_tune.comparison import format_changes
    from lpr_train.fine_tune.fine_tune import fine_tune
    from lpr_train.runs.advice import advise, data_advice, record_advice

    task = make_task(config)
    advise([*data_advice(task), *record_advice(config.init)])
    result = fine_tune(task, parsed.out, parsed.resume, parsed.max_drop)
    if result.interrupted:
        print("Stopped; run the same command with --resume to continue.", file=sys.stderr)
        return 130
    print(f"{format_changes(result.changes)}\nTrained for {result.minutes:.1f} minutes from {config.init}.")
    if result.factor < 1 and not result.worse:
        print(f"The weights lie between both networks: {result.factor:.0%} of the way to the fine-tuned ones.")
    if result.worse:
        raise LprError(
            f"{'; '.join(result.worse)}. {config.init} stays, and {parsed.out} holds no new network. Label more "
            "photographs, or give --also a folder with others. --max-drop allows a larger loss on other images than "
            "yours, and --resume decides again."
        )
    print(f"Next: lpr-export --int8 {parsed.out}")
    return 0


def _settings(parsed: argparse.Namespace, config_class: type[FitConfig]) -> FitConfig:
    """The settings of a new run.

    Raises:
        LprError: there is no starting network, or no example.
    """
    from lpr_train.fine_tune.plan import count_examples, fine_tune_settings
    from lpr_train.fine_tune.starting_run import starting_run, starting_settings

    start = starting_run(parsed.task, parsed.start)
    base = starting_settings(start, config_class)
    country = parsed.country or base.country
    count = count_examples(parsed.task, parsed.data, country)
    paths: dict[str, Any] = {"data": str(parsed.data), "also": str(parsed.also or ""), "init": str(start)}
    base = dataclasses.replace(base, **paths, country=country, seed=parsed.seed)
    config = fine_tune_settings(base, parsed.task, count, parsed.minutes, parsed.holdout)
    steps = f"{config.epochs} epochs of {config.steps_per_epoch} steps, learning rate {config.learning_rate:g}"
    print(f"lpr-train: {count.examples} examples: {steps}, {config.minutes:g} minutes at most", file=sys.stderr)
    return config


def _resumed(parsed: argparse.Namespace, config_class: type[FitConfig]) -> FitConfig:
    """The settings of the run in --out, with the time limit of the command line.

    Raises:
        LprError: there is none, or it learns from another folder.
    """
    config = read_config(parsed.out / CONFIG, config_class)
    if config.data != str(parsed.data) or not config.init:
        raise LprError(
            f"{parsed.out} is a run on {config.data or 'rendered images'}. Give its own --data to resume it."
        )
    return dataclasses.replace(config, minutes=parsed.minutes)
