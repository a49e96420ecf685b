"""A runtime without networks: every output has the same value everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lpr_edge.base.finding import Finding, fine
from lpr_edge.contract.base.arrays import AnyArray
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.manifest import Manifest, OutputSpec
from lpr_edge.runtimes.runtime import Runtime, RuntimeSettings


@dataclass(frozen=True)
class DummySettings(RuntimeSettings):
    """`--dummy-level X` is its one flag; `--runtime dummy` turns the runtime on."""

    name = "dummy"

    level: float = 0.0
    """the value of every output, 0 to 1"""

    def check(self) -> None:
        """Look at the settings before a model is loaded."""
        if not 0 <= self.level <= 1:
            raise LprError(f"dummy_level is {self.level:g}: give a number from 0 to 1")

    def examine(self) -> Finding:
        """A line of `lpr-edge --doctor`."""
        return fine("dummy", f"every output is {self.level:g}: no plate is read")


class DummyEngine:
    """A model file that is open: `run` takes the network's input and gives its outputs."""

    name = "dummy"
    version = "1.0"

    def __init__(self, path: Path, threads: int, manifest: Manifest, settings: DummySettings) -> None:  # noqa: ARG002
        self._outputs = [_filled(spec, settings.level) for spec in manifest.outputs]

    def run(self, tensor: AnyArray) -> Sequence[AnyArray]:  # noqa: ARG002
        """The outputs in the manifest's order, each with its batch axis."""
        return self._outputs


def _filled(spec: OutputSpec, level: float) -> AnyArray:
    """An output (1, *shape) in the file's own numbers: integers where the network is quantised."""
    value = level if spec.dtype == "float32" else round(level / spec.scale) + spec.zero_point
    if spec.dtype != "float32":
        limits = np.iinfo(spec.dtype)
        value = min(max(value, limits.min), limits.max)
    return np.full((1, *spec.shape), value, spec.dtype)


DUMMY = Runtime(
    name="dummy",
    suffixes=(".tflite",),
    module="lpr_example",
    package="lpr-example",
    open=DummyEngine,
    settings=DummySettings(),
)
"""Entry point of the runtime. `module` is what must be importable, and `package` what installs it."""
