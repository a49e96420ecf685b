"""A training run's folder: the Keras network, its card, and its pictures; and the runs that lpr ships."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import read_json
from lpr_edge.contract.data.splits import SeenPictures, read_seen
from lpr_edge.contract.manifest import FORMAT_VERSION, Manifest
from lpr_edge.contract.run.folder import CARD, HELD_OUT, NETWORK, REPRESENTATIVE
from lpr_edge.contract.run.model_types import MODEL_TYPES, NAMED_TYPES
from lpr_edge.contract.run.samples import Samples, read_samples
from lpr_export.base.errors import ExportError

SHIPPED_RUNS = Path(__file__).parents[1] / "models"
"""Folder of the float networks that ship with the package."""
REQUIRED_KEYS = ("kind", "name", "labels", "input", "thresholds", "country")


@dataclass(frozen=True)
class Run:
    """A run folder with all required files; the network itself isn't loaded yet."""

    folder: Path
    card: Manifest
    """The manifest as training wrote it: without outputs, calibration and hashes."""

    @property
    def network(self) -> Path:
        """The Keras file."""
        return self.folder / NETWORK

    def representative(self) -> Samples:
        """The representative data set that training stored.

        Raises:
            ExportError: there are none.
        """
        return self._samples(REPRESENTATIVE, "representative data set to calibrate on")

    def held_out(self) -> Samples:
        """Pictures and their truth that neither training nor calibration saw.

        Raises:
            ExportError: there are none, or nothing says what they show.
        """
        samples = self._samples(HELD_OUT, "held-out pictures to measure parity on")
        if samples.truth is None or len(samples.truth) != len(samples.pictures) or not samples.pictures:
            raise ExportError(
                f"{self.folder / HELD_OUT} doesn't say what each of its {len(samples.pictures)} pictures shows. "
                "Give --data DIR, or train the run again"
            )
        return samples

    def seen(self) -> SeenPictures:
        """The pictures that its weights have learnt from."""
        return read_seen(self.folder)

    def _samples(self, name: str, purpose: str) -> Samples:
        path = self.folder / name
        if not path.is_file():
            raise ExportError(
                f"{self.folder} has no {name}, the {purpose}. "
                f"Give --data DIR, or make it: lpr-train {self.command} --out {self.folder}"
            )
        return read_samples(path)

    @property
    def command(self) -> str:
        """The subcommand of `lpr-train` for this kind of network."""
        return MODEL_TYPES[self.card.kind].name


def open_run(path: Path) -> Run:
    """Open a run folder, given itself or the `model.keras` in it.

    Raises:
        ExportError: it is no run folder, or its card can't be used.
    """
    folder = path.parent if path.suffix == ".keras" else path
    missing = [name for name in (NETWORK, CARD) if not (folder / name).is_file()]
    if path.suffix == ".keras" and path.name != NETWORK:
        raise ExportError(f"{path} is not a run's {NETWORK}: give a folder that lpr-train wrote, or the file in it")
    if missing:
        raise ExportError(
            f"{path} is not a run folder: no {' and no '.join(missing)} in {folder}. "
            "Give a folder that lpr-train wrote, such as runs/detector"
        )
    return Run(folder, _read_card(folder / CARD))


def _read_card(path: Path) -> Manifest:
    try:
        values: dict[str, Any] = read_json(path)
        missing = [key for key in REQUIRED_KEYS if key not in values]
        if missing:
            raise ExportError(f"it lacks {', '.join(missing)}")
        return Manifest.from_json(json.dumps(_filled(values)))
    except (LprError, OSError, ValueError, TypeError) as error:
        raise ExportError(f"{path} can't be used: {error}. Train the run again with lpr-train") from error


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """Add placeholders for manifest fields that only the export knows."""
    blank = {"format": FORMAT_VERSION, "outputs": [], "precision": "float32", "input_tensor": {"dtype": "float32"}}
    return blank | values


def shipped_runs() -> list[Run]:
    """The runs of all float networks that ship with this package.

    Raises:
        ExportError: it ships none.
    """
    folders = [SHIPPED_RUNS / name for name in NAMED_TYPES if (SHIPPED_RUNS / name).is_dir()]
    if not folders:
        raise ExportError(
            "this installation of lpr has no float networks: give a folder that lpr-train wrote, as in "
            "lpr-export --int8 runs/detector"
        )
    return [open_run(folder) for folder in folders]
