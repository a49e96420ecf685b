"""The article's experiment, repeated with several seeds to show the spread of its accuracy."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.run.folder import CHECKPOINT, HISTORY
from lpr_train.runs.run_folder import is_finished, write_json
from lpr_train.runs.train_run import train_run
from lpr_train.tasks.characters.config import CharactersConfig
from lpr_train.tasks.characters.task import CharactersTask

PUBLISHED = {"best": 0.914, "last": 0.857}
"""The article's validation accuracy after its best and its last epoch, on augmented validation images."""


@dataclass(frozen=True)
class ArticleRun:
    """Metrics of one seed on the published validation split."""

    seed: int
    best: float
    """accuracy at the best epoch; optimistic, as the epoch is chosen on the same data"""
    best_epoch: int
    last: float
    """accuracy after the last epoch"""
    varied_best: float
    """best accuracy on validation images that are augmented as in the article"""
    varied_last: float
    minutes: float


def run_article(data: Path, out: Path, seeds: int, epochs: int, country: str) -> list[ArticleRun]:
    """Train one run for each seed, skip finished ones, and write `article.json` and `article.png`.

    Args:
        data: folder of the characters data set.
        out: folder with one run folder for each seed; a stopped experiment resumes from it.
        seeds: number of seeds, counted from 1.
        epochs: epochs of each run; 20 in the article.
        country: country of the classes.

    Returns:
        The finished runs; fewer than `seeds` after Ctrl-C.

    Raises:
        LprError: there is no such data, or training fails.
    """
    runs: list[ArticleRun] = []
    for seed in range(1, seeds + 1):
        preset = CharactersConfig.preset({"arch": "baseline"})
        config = CharactersConfig(
            **asdict(preset)
            | {"arch": "baseline", "data": str(data), "seed": seed, "epochs": epochs, "country": country}
        )
        folder = out / f"seed-{seed}"
        if not is_finished(folder, epochs) and _train(config, folder)["interrupted"]:
            break
        runs.append(read_run(folder, seed))
        write_json(out / "article.json", summary(runs))
        plot_article([read_history(out / f"seed-{run.seed}") for run in runs], out / "article.png")
    return runs


def _train(config: CharactersConfig, folder: Path) -> dict[str, Any]:
    return train_run(CharactersTask(config), folder, resume=(folder / CHECKPOINT).exists())


def read_history(folder: Path) -> list[dict[str, float]]:
    """Read the epochs of a run from history.csv."""
    with (folder / HISTORY).open(encoding="utf-8") as file:
        return [{key: float(value) for key, value in row.items() if value} for row in csv.DictReader(file)]


def read_run(folder: Path, seed: int) -> ArticleRun:
    """Read the metrics of a finished run."""
    history = read_history(folder)
    plain = [row["validation_accuracy"] for row in history]
    varied = [row["varied_validation_accuracy"] for row in history]
    minutes = sum(row["seconds"] for row in history) / 60
    best = int(np.argmax(plain))
    return ArticleRun(seed, plain[best], best + 1, plain[-1], max(varied), varied[-1], round(minutes, 1))


def summary(runs: Sequence[ArticleRun]) -> dict[str, Any]:
    """The runs, with mean, minimum and maximum of each metric, and the published values."""
    figures = ("best", "last", "varied_best", "varied_last")
    return {
        "published": PUBLISHED,
        "runs": [asdict(run) for run in runs],
        "over seeds": {name: _spread([getattr(run, name) for run in runs]) for name in figures},
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"mean": round(float(np.mean(values)), 4), "least": min(values), "most": max(values)}


def format_article(runs: Sequence[ArticleRun]) -> str:
    """Format a line for each seed, their means, and the published values."""
    over = summary(runs)["over seeds"]
    lines = [f"seed {run.seed}: best {run.best:.1%} (epoch {run.best_epoch}), last {run.last:.1%}" for run in runs]
    lines.append(f"mean: best {over['best']['mean']:.1%}, last {over['last']['mean']:.1%}")
    lines.append(
        f"mean, validation pictures varied as the article's: best {over['varied_best']['mean']:.1%}, "
        f"last {over['varied_last']['mean']:.1%}"
    )
    return "\n".join([*lines, f"published: best {PUBLISHED['best']:.1%}, last {PUBLISHED['last']:.1%}"])


def plot_article(histories: Sequence[Sequence[dict[str, float]]], path: Path) -> None:
    """Plot each seed's validation accuracy over the epochs, original and augmented images; published values dotted."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    panels = {"validation_accuracy": "pictures as they are", "varied_validation_accuracy": "varied as the article's"}
    for place, (key, title) in enumerate(panels.items(), 1):
        panel = figure.add_subplot(1, 2, place, title=f"validation accuracy, {title}", xlabel="epoch")
        for seed, history in enumerate(histories, 1):
            panel.plot([row["epoch"] for row in history], [row[key] for row in history], label=f"seed {seed}")
        for name, value in PUBLISHED.items():
            panel.axhline(value, color="grey", linestyle=":")
            panel.annotate(f"published, {name} epoch", (1, value), color="grey", va="bottom")
        panel.set_ylim(0.0, 1.0)
        panel.locator_params(axis="x", integer=True)
        panel.grid(alpha=0.3)
        panel.legend(loc="lower right")
    figure.savefig(path)
