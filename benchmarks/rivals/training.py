"""fast-plate-ocr and lpr's reader from nothing, on the same plates, for the same time, a core each."""

import csv
import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lpr_edge.contract.country import load_country
from lpr_edge.contract.errors import LprError
from lpr_train.reader import ReaderConfig
from rivals import own
from rivals.alphabet import Alphabet
from rivals.fast_plate import BATCH, train_command, write_configs
from rivals.racing import Runner, race
from rivals.training_set import TrainingSet, write_csv

PEER, OWN = "fast-plate-ocr", "lpr-reader"
CORES = {PEER: 0, OWN: 1}
PACE_STEPS = 20
"""Batches an epoch while the pace is taken."""
PACE_EPOCHS = 3
"""The first one also builds the network, and of lpr's the last one alone validates."""
PACE_LIMIT = 600.0
"""Seconds after which taking the pace has gone wrong."""
SPARE = 0.97
"""Share of the time that is planned for: a slower minute must not cut a schedule short."""
EPOCH_TOOK = re.compile(r"(\d+)s \d+m?s/step")
"""What Keras says at an epoch's end; fast-plate-ocr writes its epochs' times nowhere else."""


@dataclass(frozen=True)
class Pace:
    """What a training takes on its core while the other one runs."""

    around_s: float
    """Seconds before, between and after the epochs."""
    epoch_s: float

    def epochs(self, seconds: float) -> int:
        """Whole epochs, and so a whole schedule, that fit into the time.

        Raises:
            LprError: not one does.
        """
        fitting = int((SPARE * seconds - self.around_s) / self.epoch_s)
        if fitting < 1:
            raise LprError(f"an epoch takes {self.epoch_s / 60:.1f} min here: give more --minutes")
        return fitting


def train_both(
    data: Path, folder: Path, written: TrainingSet, seconds: float, wished: dict[str, int]
) -> dict[str, Any]:
    """Train both from nothing within the time; what is done is kept, what was stopped begins anew.

    Args:
        data: lpr's data folder.
        folder: of the comparison; `set` in it holds the training set.
        written: that set.
        seconds: of wall time for each.
        wished: epochs by name, in place of what the pace lets expect.

    Returns:
        By name: epochs, seconds, and whether the time was over before the schedule; and the pace.
    """
    done = folder / "trained.json"
    if done.exists():
        return dict(json.loads(done.read_text()))
    pace = take_pace(data, folder, written)
    epochs = {name: wished.get(name) or pace[name].epochs(seconds) for name in CORES}
    configs = write_configs(folder, Alphabet(load_country().labels), written.slots)
    for name in ("peer", "own"):
        shutil.rmtree(folder / name, ignore_errors=True)
    print(f"epochs: {epochs}", file=sys.stderr)
    finished = race(
        [
            Runner(PEER, train_command(folder / "set", configs, epochs[PEER], folder / "peer"), CORES[PEER]),
            Runner(OWN, own_command(data, folder / "own", ["--epochs", str(epochs[OWN])]), CORES[OWN]),
        ],
        seconds,
        folder,
    )
    trained = {name: {"epochs": epochs[name], **asdict(finished[name]), "pace": asdict(pace[name])} for name in CORES}
    done.write_text(json.dumps(trained, indent=1) + "\n")
    return trained


def own_command(data: Path, out: Path, flags: Sequence[str]) -> list[str]:
    """The command that trains lpr's reader with all of its defaults but these."""
    return own.command("lpr_train.cli", "reader", "--data", str(data), "--out", str(out), *flags)


def take_pace(data: Path, folder: Path, written: TrainingSet) -> dict[str, Pace]:
    """Train both a little, at the same time, and work out what an epoch takes."""
    configs = write_configs(folder, Alphabet(load_country().labels), written.slots)
    few, out = _little_set(folder / "set"), folder / "pace"
    shutil.rmtree(out, ignore_errors=True)
    short = {"--epochs": PACE_EPOCHS, "--steps-per-epoch": PACE_STEPS, "--validate-every": PACE_EPOCHS}
    flags = [word for flag, value in short.items() for word in (flag, str(value))]
    runners = [
        Runner(PEER, train_command(few, configs, PACE_EPOCHS, out / "peer"), CORES[PEER]),
        Runner(OWN, own_command(data, out / "own", flags), CORES[OWN]),
    ]
    finished = race(runners, PACE_LIMIT, out)
    took = [float(seconds) for seconds in EPOCH_TOOK.findall((out / f"{PEER}.log").read_text(errors="replace"))]
    if len(took) < PACE_EPOCHS:
        raise LprError(f"{out / PEER}.log doesn't tell what an epoch took: see it for what went wrong")
    return {
        PEER: peer_pace(took[-PACE_EPOCHS:], finished[PEER].seconds, written.rows / (PACE_STEPS * BATCH)),
        OWN: own_pace(_epoch_seconds(out / "own" / "history.csv"), finished[OWN].seconds),
    }


def peer_pace(took: Sequence[float], whole: float, times: float) -> Pace:
    """The pace of fast-plate-ocr.

    Args:
        took: seconds of each epoch of the little set.
        whole: seconds of the command.
        times: how much longer the whole set is.
    """
    return Pace(whole - len(took) * took[-1], took[-1] * times)


def own_pace(took: Sequence[float], whole: float) -> Pace:
    """The pace of lpr's reader, which validates in the last of the epochs alone.

    Its first samples are all freshly rendered, later ones seldom: this expects rather too long an epoch.
    """
    first, steps, last = took
    validating = max(0.0, last - steps)
    epoch = steps * ReaderConfig().steps_per_epoch / PACE_STEPS + validating
    return Pace(whole - first - steps - last + max(0.0, first - steps), epoch)


def _epoch_seconds(history: Path) -> list[float]:
    with history.open(encoding="utf-8", newline="") as file:
        return [float(row["seconds"]) for row in csv.DictReader(file)]


def _little_set(folder: Path) -> Path:
    """A few rows from all over the training set, in a folder of its own in it."""
    with (folder / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = [(f"../{row['image_path']}", row["plate_text"]) for row in csv.DictReader(file)]
    count = PACE_STEPS * BATCH
    spread = (rows * (count // len(rows) + 1))[:: max(1, len(rows) // count)][:count]
    little = folder / "pace"
    little.mkdir(exist_ok=True)
    for name in ("train", "validation"):
        write_csv(little / f"{name}.csv", spread if name == "train" else spread[:30])
    return little
