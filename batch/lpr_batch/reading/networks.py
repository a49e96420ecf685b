"""The networks that every worker loads, as they lie on the machine that gives the command."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lpr_batch.base.settings import BatchSettings
from lpr_edge import __version__
from lpr_edge.api import PlateReader
from lpr_edge.contract.base.errors import LprError
from lpr_edge.runtimes.shipped_models import shipped_model


@dataclass(frozen=True)
class ModelFile:
    """A model's bytes, so that a worker on another machine needs no file."""

    suffix: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @staticmethod
    def from_path(path: Path) -> "ModelFile":
        """Read a file.

        Raises:
            LprError: it can't be read.
        """
        try:
            return ModelFile(path.suffix, path.read_bytes())
        except OSError as error:
            raise LprError(f"no model file {path}: {error.strerror}") from error


@dataclass(frozen=True)
class Networks:
    """Both models, and how they are used."""

    detector: ModelFile
    reader: ModelFile
    runtime: str = "auto"
    min_confidence: float | None = None
    tta: int | None = None
    version: str = __version__
    """Of lpr, where the command was given."""

    @staticmethod
    def from_settings(settings: BatchSettings) -> "Networks":
        """The models that the settings name, or else the shipped ones.

        Raises:
            LprError: one can't be read.
        """
        detector, reader = (
            ModelFile.from_path(given or shipped_model(name, settings.runtime))
            for name, given in (("detector", settings.detector), ("reader", settings.reader))
        )
        return Networks(detector, reader, settings.runtime, settings.min_confidence, settings.tta)

    def open(self) -> PlateReader:
        """Load both, with one thread each.

        Raises:
            LprError: one can't be loaded, or this machine has another version of lpr.
        """
        if self.version != __version__:
            raise LprError(
                f"a worker has lpr {__version__}, and the command {self.version}: install the same everywhere"
            )
        with TemporaryDirectory() as folder:
            paths = [
                Path(folder, f"{name}{model.suffix}")
                for name, model in (("detector", self.detector), ("reader", self.reader))
            ]
            for path, model in zip(paths, (self.detector, self.reader), strict=True):
                path.write_bytes(model.data)
            return PlateReader(
                *paths, min_confidence=self.min_confidence, runtime=self.runtime, threads=1, tta=self.tta
            )

    def made_with(self) -> dict[str, Any]:
        """What decides the results, as JSON has it."""
        return {
            "detector": self.detector.sha256,
            "reader": self.reader.sha256,
            "min_confidence": self.min_confidence,
            "tta": self.tta,
        }
