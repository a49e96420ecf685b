"""Checkpoint of a training run: one file, replaced atomically, from which the run resumes exactly."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lpr_edge.contract.base.errors import LprError

Arrays = list[NDArray[Any]]


@dataclass
class FitState:
    """State of a run after a whole number of epochs."""

    epoch: int = 0
    """epochs done"""
    best_epoch: int = 0
    """the epoch with the best score, which is kept; 0 if there is none yet"""
    best_score: float = float("-inf")
    """score of the best epoch"""
    history: list[dict[str, float]] = field(default_factory=list)
    """one dict of metrics for each epoch, for history.csv"""
    weights: dict[str, Arrays] = field(default_factory=dict)
    """`model`, `optimizer` and `average` (EMA) to resume from, and `best` to keep"""

    @property
    def minutes(self) -> float:
        """How long all epochs took, also before a resumption."""
        return sum(row["seconds"] for row in self.history) / 60


def write_checkpoint(path: Path, state: FitState) -> None:
    """Write the checkpoint to a temporary file and rename it, so that a crash leaves the old one intact."""
    arrays = {
        f"{part}.{number:04d}": value for part, values in state.weights.items() for number, value in enumerate(values)
    }
    numbers = {
        "epoch": state.epoch,
        "best_epoch": state.best_epoch,
        "best_score": state.best_score,
        "history": state.history,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name("." + path.name)
    with beside.open("wb") as file:
        np.savez(file, numbers=np.array(json.dumps(numbers)), **arrays)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_checkpoint(path: Path) -> FitState:
    """Read a checkpoint.

    Raises:
        LprError: there is no checkpoint, or it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            numbers = json.loads(str(file["numbers"]))
            weights: dict[str, Arrays] = {}
            for name in sorted(file.files):
                if name != "numbers":
                    weights.setdefault(name.split(".")[0], []).append(file[name])
    except FileNotFoundError as error:
        raise LprError(f"{path} isn't there, so there is nothing to resume. Start without --resume.") from error
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        raise LprError(f"{path} is damaged ({error}). Start again without --resume.") from error
    return FitState(**numbers, weights=weights)
