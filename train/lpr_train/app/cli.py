"""Command line of `lpr-train`: train and fine-tune networks, import labels, begin a country, check data, preview."""

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.command import run_command
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.folder import CONFIG
from lpr_train.base.config import FORMER_KEYS, C, add_flags, read_config, with_flags
from lpr_train.countries.commands import add_command as add_new_country
from lpr_train.distill.command import add_command as add_distill
from lpr_train.fine_tune.command import add_command as add_fine_tune
from lpr_train.labelling.command import add_command as add_labelling
from lpr_train.labels.commands import add_commands as add_label_commands
from lpr_train.render.commands import add_commands as add_render_commands
from lpr_train.tasks.registry import FOLD_TASKS, TASKS, task_classes


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns 1 for errors that the user can fix, 2 for wrong usage, 130 after Ctrl-C."""
    arguments = [_current_flag(argument) for argument in (sys.argv[1:] if argv is None else argv)]

    def act() -> int:
        parsed = build_parser(arguments).parse_args(arguments)
        status: int = parsed.act(parsed)
        return status

    return run_command("lpr-train", act)


def _current_flag(argument: str) -> str:
    """Replace a former flag by its current name; other arguments stay."""
    flag, equals, value = argument.partition("=")
    key = FORMER_KEYS.get(flag.removeprefix("--").replace("-", "_")) if flag.startswith("--") else None
    return f"--{key.replace('_', '-')}{equals}{value}" if key else argument


def build_parser(arguments: list[str]) -> argparse.ArgumentParser:
    """Build the parser; only the task named in `arguments` is imported, so that --help is fast."""
    parser = argparse.ArgumentParser(prog="lpr-train", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command, finds in TASKS.items():
        task = commands.add_parser(command, help=f"train the network that finds {finds}")
        task.set_defaults(act=_train, command=command)
        if command in arguments:
            _add_training_flags(task, command)
    _add_cross_validation(commands, arguments)
    _add_article(commands)
    _add_explore(commands)
    _add_check(commands)
    add_render_commands(commands)
    _add_pack(commands)
    add_label_commands(commands)
    add_new_country(commands)
    add_labelling(commands)
    add_fine_tune(commands)
    add_distill(commands, arguments)
    return parser


def _add_training_flags(parser: argparse.ArgumentParser, command: str) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="run folder, created if missing")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML file with any of these keys; flags override it"
    )
    parser.add_argument(
        "--resume", action="store_true", help="continue from RUN's last complete epoch, with its settings"
    )
    add_flags(parser.add_argument_group("settings"), task_classes(command)[0])


def _train(parsed: argparse.Namespace) -> int:
    from lpr_train.runs.advice import advise, data_advice, learnt_nothing, length_advice
    from lpr_train.runs.train_run import train_run

    out = parsed.out
    config_class, make_task = task_classes(parsed.command)
    config = settings(parsed, config_class)
    task = make_task(config)
    advise(data_advice(task))
    metrics = train_run(task, out, parsed.resume)
    if not metrics:
        print("This worker is done; the chief writes the run folder.")
        return 0
    for metric in metrics["metrics"]:
        print("{data} {split}: {metric} {value:.4f} of {count}".format_map(metric))
    advise(length_advice(config, metrics["epochs"] * config.steps_per_epoch))
    failing = learnt_nothing(metrics)
    after = f"It {failing}: train longer before you export it." if failing else f"Next: lpr-export --int8 {out}"
    print(f"Kept epoch {metrics['best_epoch']} in {out}. {after}")
    return 130 if metrics["interrupted"] else 0


def settings(parsed: argparse.Namespace, config_class: type[C]) -> C:
    """Merge the settings: defaults, overridden by the file, overridden by flags.

    Raises:
        LprError: a file can't be read or has unknown keys, or both --resume and --config are given.
    """
    if parsed.resume and parsed.config:
        raise LprError("--resume continues with the run's own config.toml. Leave --config out.")
    path = parsed.out / CONFIG if parsed.resume else parsed.config
    chosen = vars(parsed)
    return with_flags(read_config(path, config_class, chosen) if path else config_class.preset(chosen), parsed)


def _add_cross_validation(commands: Any, arguments: list[str]) -> None:
    pools = "train one network for each fold, and compute metrics over all held-out photographs"
    parser = commands.add_parser("cross-validate", help=pools, allow_abbrev=False)  # --fold isn't short for --folds
    parser.add_argument("task", choices=FOLD_TASKS, help="the network to train")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a run folder for each fold; resumes")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML file with any of these keys; flags override it"
    )
    parser.add_argument("--folds", type=_positive, default=5, metavar="N", help="number of folds (default: 5)")
    task = next((task for task in FOLD_TASKS if task in arguments), None)
    if task and "cross-validate" in arguments:
        config_class = task_classes(task)[0]
        keys = [key.name for key in dataclasses.fields(config_class) if key.name not in ("fold", "folds", "holdout")]
        add_flags(parser.add_argument_group("settings"), config_class, keys)
    parser.set_defaults(act=_cross_validate, resume=False)


def _cross_validate(parsed: argparse.Namespace) -> int:
    from lpr_train.runs.cross_validation import cross_validate, figures, format_figures

    folds, chosen = parsed.folds, argparse.Namespace(**{k: v for k, v in vars(parsed).items() if k != "folds"})
    done = cross_validate(parsed.task, settings(chosen, task_classes(parsed.task)[0]), folds, parsed.out)
    if done:
        print(format_figures(figures(done)))
    if len(done) < folds:
        print("Stopped; run the same command again to continue.", file=sys.stderr)
        return 130
    print(f"Metrics in {parsed.out / 'cross_validation.json'}. Next: lpr-export --int8 {parsed.out}/fold-*")
    return 0


def _add_explore(commands: Any) -> None:
    parser = commands.add_parser(
        "explore", help="plot a data folder: characters by class, sizes, duplicates; plates by source"
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="characters, plates, crops, or what holds them"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the PNGs and index.html")
    parser.add_argument("--country", default="nepal", help="country of the classes (default: nepal)")
    parser.set_defaults(act=_explore)


def _explore(parsed: argparse.Namespace) -> int:
    from lpr_edge.contract.countries import load_country
    from lpr_train.inspect.explore import explore

    found = explore(parsed.data, load_country(parsed.country), parsed.out)
    print(found.to_text())
    print(f"Open {parsed.out / 'index.html'}")
    return 0


def _add_check(commands: Any) -> None:
    parser = commands.add_parser("check", help="check a data folder for errors")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="a plates, crops or characters data set, or their parent",
    )
    parser.add_argument("--country", default="nepal", help="country of the labels' alphabet (default: nepal)")
    parser.add_argument("--json", action="store_true", help="print counts and findings as one JSON object")
    parser.set_defaults(act=_check)


def _check(parsed: argparse.Namespace) -> int:
    from lpr_edge.contract.countries import load_country
    from lpr_train.inspect.check import check_folder

    report = check_folder(parsed.data, load_country(parsed.country))
    print(report.to_json() if parsed.json else report.to_text())
    return 1 if report.errors else 0


def _add_article(commands: Any) -> None:
    parser = commands.add_parser(
        "article", help="repeat the article's experiment on single characters, for several seeds"
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the characters data set")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a run folder for each seed; resumes")
    parser.add_argument("--seeds", type=_positive, default=3, metavar="N", help="number of seeds (default: 3)")
    parser.add_argument(
        "--epochs", type=_positive, default=20, metavar="N", help="epochs of each run (default: 20, as in the article)"
    )
    parser.add_argument("--country", default="nepal", help="country whose classes to learn (default: nepal)")
    parser.set_defaults(act=_article)


def _article(parsed: argparse.Namespace) -> int:
    from lpr_train.runs.article import format_article, run_article

    runs = run_article(parsed.data, parsed.out, parsed.seeds, parsed.epochs, parsed.country)
    if runs:
        print(format_article(runs))
    if len(runs) < parsed.seeds:
        print("Stopped; run the same command again to continue.", file=sys.stderr)
        return 130
    print(f"Metrics and curves in {parsed.out / 'article.json'} and article.png")
    return 0


def _positive(text: str) -> int:
    """Parse a whole number of at least 1."""
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, found {text!r}")
    return int(text)


def _add_pack(commands: Any) -> None:
    parser = commands.add_parser("pack", help="copy a run for distribution, without training images and local paths")
    parser.add_argument("run", type=Path, metavar="RUN", help="a finished run's folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    parser.set_defaults(act=_pack)


def _pack(parsed: argparse.Namespace) -> int:
    from lpr_train.runs.pack import pack_run

    print(f"Packed {parsed.run} in {pack_run(parsed.run, parsed.out)}. Next: lpr-export --int8 {parsed.out}")
    return 0
