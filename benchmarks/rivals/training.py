"""fast-plate-ocr and lpr's reader from nothing, on the same plates, for the same time, a core each."""

import csv
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_train.tasks.reader.config import ReaderConfig
from rivals.alphabet import alphabet_of
from rivals.commands import installed
from rivals.fast_plate import BATCH, train_command, write_configs
from rivals.racing import Runner, race
from rivals.training_set import TrainingSet, write_csv

PEER, OWN = "fast-plate-ocr", "lpr-reader"
PACE_STEPS = 20
"""Batches an epoch while the pace is taken."""
PACE_EPOCHS = (1, 3)
"""What two short runs of the same training differ by is two epochs; lpr's validates once in either."""
PACE_LIMIT = 900.0
"""Processor seconds after which measuring the pace has failed."""
SPARE = 0.95
"""Share of the time that is planned for: no schedule is cut short, and lpr's validations are in it."""


@dataclass(frozen=True)
class Pace:
    """What a training takes on its core, in seconds of processor time."""

    around_s: float
    """Before and after the epochs."""
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


def cores() -> dict[str, int]:
    """A core for each.

    Raises:
        LprError: this process may use but one.
    """
    free = sorted(os.sched_getaffinity(0))
    if len(free) < 2:
        raise LprError("two trainings at the same time want a core each, and here is one: take --parts read speed")
    return {PEER: free[0], OWN: free[1]}


def pace_of(short: float, longer: float, times: float) -> Pace:
    """The pace from two short runs.

    Args:
        short: processor seconds of the run of `PACE_EPOCHS[0]` epochs.
        longer: of that of `PACE_EPOCHS[1]`.
        times: how much longer a real epoch is.
    """
    epoch = (longer - short) / (PACE_EPOCHS[1] - PACE_EPOCHS[0])
    return Pace(short - PACE_EPOCHS[0] * epoch, epoch * times)


def train_both(
    data: Path, folder: Path, written: TrainingSet, seconds: float, wanted_epochs: dict[str, int]
) -> dict[str, Any]:
    """Train both from nothing within the time; what is done is kept, what was stopped starts again.

    Args:
        data: lpr's data folder.
        folder: of the comparison; `set` in it holds the training set.
        written: that set.
        seconds: of processor time for each.
        wanted_epochs: number of epochs by name, instead of the number that fits into the time.

    Returns:
        By name: epochs, seconds, whether the time was over before the schedule, and the pace.
    """
    done = folder / "trained.json"
    if done.exists():
        return dict(json.loads(done.read_text()))
    pace = known_pace(data, folder, written)
    epochs = {name: wanted_epochs.get(name) or pace[name].epochs(seconds) for name in pace}
    configs = write_configs(folder, alphabet_of(), written.slots)
    for name in ("peer", "own"):
        shutil.rmtree(folder / name, ignore_errors=True)
    print(f"epochs: {epochs}", file=sys.stderr)
    commands = {
        PEER: train_command(folder / "set", configs, epochs[PEER], folder / "peer"),
        OWN: own_command(data, folder / "own", ["--epochs", str(epochs[OWN])]),
    }
    finished = race([Runner(name, commands[name], core) for name, core in cores().items()], seconds, folder)
    trained = {name: {"epochs": epochs[name], **asdict(finished[name]), "pace": asdict(pace[name])} for name in pace}
    done.write_text(json.dumps(trained, indent=1) + "\n")
    return trained


def own_command(data: Path, out: Path, flags: Sequence[str]) -> list[str]:
    """The command that trains lpr's reader with all of its defaults but these."""
    return installed("lpr-train", "reader", "--data", str(data), "--out", str(out), *flags)


def known_pace(data: Path, folder: Path, written: TrainingSet) -> dict[str, Pace]:
    """The pace as it was taken before, or else taken now."""
    kept = folder / "pace.json"
    if not kept.exists():
        taken = {name: asdict(pace) for name, pace in take_pace(data, folder, written).items()}
        kept.write_text(json.dumps(taken, indent=1) + "\n")
    return {name: Pace(**values) for name, values in json.loads(kept.read_text()).items()}


def take_pace(data: Path, folder: Path, written: TrainingSet) -> dict[str, Pace]:
    """Train both a little, twice, at the same time, and work out what an epoch takes."""
    configs = write_configs(folder, alphabet_of(), written.slots)
    few, out = _little_set(folder / "set"), folder / "pace"
    shutil.rmtree(out, ignore_errors=True)
    spent: dict[str, list[float]] = {PEER: [], OWN: []}
    for epochs in PACE_EPOCHS:
        little = {"--epochs": epochs, "--steps-per-epoch": PACE_STEPS, "--validate-every": epochs}
        flags = [word for flag, value in little.items() for word in (flag, str(value))]
        commands = {
            PEER: train_command(few, configs, epochs, out / f"peer-{epochs}"),
            OWN: own_command(data, out / f"own-{epochs}", flags),
        }
        runners = [Runner(name, commands[name], core) for name, core in cores().items()]
        for name, finish in race(runners, PACE_LIMIT, out / f"logs-{epochs}").items():
            if finish.stopped:
                raise LprError(f"{name} is too slow here: {epochs} epochs of {PACE_STEPS} batches took {PACE_LIMIT} s")
            spent[name].append(finish.cpu_seconds)
    times = {PEER: written.rows / (PACE_STEPS * BATCH), OWN: ReaderConfig().steps_per_epoch / PACE_STEPS}
    return {name: pace_of(spent[name][0], spent[name][1], times[name]) for name in spent}


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
