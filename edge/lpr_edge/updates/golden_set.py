"""The golden set of a release: inputs and frames, and the integers and texts that its models gave when published.

`golden.npz` holds frames with their texts. For each model file and each runtime that was installed where it was
published, `golden.KIND.FORMAT.RUNTIME.npz` holds network inputs and the integers of every output.
"""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import parse_json
from lpr_edge.contract.run.samples import check_unpacked, read_samples
from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.runtime import Runtime
from lpr_edge.text.confidence import default_min_confidence
from lpr_edge.updates.release import GOLDEN, UpdateError
from lpr_edge.updates.release_models import open_models
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.reader import Reader

OTHER_STEPS = 1
"""Steps by which integers may differ in another runtime, or on another architecture, than where they were recorded."""


@dataclass(frozen=True)
class Integers:
    """Outputs of a model file."""

    inputs: Image
    """(N, H, W, C) uint8."""
    outputs: tuple[AnyArray, ...]
    """Each (N, ...), in the manifest's order."""
    runtime: str
    machine: str
    """Architecture, as `platform.machine()` has it."""


def integers_name(model: Path, runtime: str) -> str:
    """Name of the file with a model file's outputs in a runtime."""
    return f"golden.{model.name.partition('.')[0]}{model.suffix}.{runtime}.npz"


def write_integers(path: Path, integers: Integers) -> None:
    """Write the file of `read_integers`."""
    about = json.dumps({"runtime": integers.runtime, "machine": integers.machine, "outputs": len(integers.outputs)})
    arrays = {f"output{place}": output for place, output in enumerate(integers.outputs)}
    np.savez_compressed(path, inputs=integers.inputs, about=np.array(about), **arrays)


def read_integers(path: Path) -> Integers:
    """Read a model file's recorded outputs.

    Raises:
        UpdateError: the file is missing, or something else.
    """
    try:
        check_unpacked(path)
        with np.load(path) as file:
            about = parse_json(str(file["about"]))
            outputs = tuple(file[f"output{place}"] for place in range(about["outputs"]))
            return Integers(file["inputs"], outputs, about["runtime"], about["machine"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UpdateError(
            f"{path.name} is no golden set, or is damaged ({error}): publish the release again"
        ) from error


def read_texts(models: dict[str, Model], frames: Sequence[Image]) -> list[list[str]]:
    """Confident texts of each frame (H, W, 3), read as from a camera, in alphabetical order."""
    reader = Reader(models["reader"])
    least = default_min_confidence(reader.thresholds, False)
    pipeline = PlatePipeline(Detector(models["detector"]), reader, least)
    return [sorted(plate.reading.text for plate in pipeline.read(frame).plates) for frame in frames]


def check_golden(folder: Path, runtime: str | Runtime = "auto", suffix: str = ".tflite") -> str:
    """Check that a release's models give the recorded integers and texts on this machine; returns a line about it.

    Raises:
        LprError: they don't, or can't be used here.
    """
    models = open_models(folder, runtime, suffix)
    compared = [_check_integers(folder, model) for model in models.values()]
    samples = read_samples(folder / GOLDEN)
    for number, (wanted, found) in enumerate(
        zip(samples.truth or (), read_texts(models, samples.pictures), strict=True), 1
    ):
        if list(wanted) != found:
            raise UpdateError(f"golden frame {number} reads {found} here, and {wanted} where it was published")
    if not any(samples.truth or ()):
        raise UpdateError("its golden set holds no text: publish the release again")
    return f"{sum(compared)} golden inputs and {len(samples.pictures)} golden frames give what they should"


def _check_integers(folder: Path, model: Model) -> int:
    """Compare a model's outputs with the recorded ones; returns the number of inputs."""
    own = folder / integers_name(model.path, model.runtime_name)
    recorded = [own] if own.exists() else sorted(folder.glob(integers_name(model.path, "*")))
    if not recorded:
        raise UpdateError(f"the release has no golden integers of {model.path.name}: publish it again")
    wanted = read_integers(recorded[0])
    is_same = (wanted.runtime, wanted.machine) == (model.runtime_name, platform.machine())
    allowed = 0 if is_same else OTHER_STEPS
    for number, pixels in enumerate(wanted.inputs):
        for output, found in zip(wanted.outputs, model.run(pixels[np.newaxis]), strict=True):
            worst = _largest_difference(output[number], found[0])
            if worst > allowed:
                raise UpdateError(
                    f"{model.path.name} gives other integers in {model.runtime_name} on this {platform.machine()} than "
                    f"in {wanted.runtime} on {wanted.machine}: golden input {number + 1} differs by up to {worst:g} "
                    f"steps, and {allowed} are allowed"
                )
    return len(wanted.inputs)


def _largest_difference(a: AnyArray, b: AnyArray) -> float:
    if a.shape != b.shape or a.dtype != b.dtype:
        return float("inf")
    return float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max(initial=0.0))


def main(argv: list[str]) -> int:
    """Check a release in a process of its own: a network that crashes its runtime ends nothing else."""
    folder, runtime, suffix = argv
    try:
        print(check_golden(Path(folder), runtime, suffix))
    except LprError as error:
        print(error)
        return 1
    return 0
