"""Golden set of a release: what its models give here, recorded, so that every device can compare."""

import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lpr_edge.app.demo import open_demo
from lpr_edge.capture.frame import Frame
from lpr_edge.capture.open_source import open_source
from lpr_edge.contract.base.arrays import AnyArray, Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.manifest import read_manifest
from lpr_edge.contract.run.samples import Samples, picture_sha256, write_samples
from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.runtime import find_runtime, own_runtimes
from lpr_edge.updates.golden_set import Integers, integers_name, read_texts, write_integers
from lpr_edge.updates.release import GOLDEN, KINDS
from lpr_export.base.errors import ExportError

MAX_FRAMES = 8
MAX_INPUTS = 8
EVERY = 12
"""Of the demo clip's frames, one of so many is tried."""


class RecordingModel(Model):
    """A model that keeps what it was asked first, and what it gave."""

    def __init__(self, path: Path, runtime: str) -> None:
        """Load a model file.

        Raises:
            LprError: it can't be used here.
        """
        self.inputs: list[Image] = []
        self.answers: list[tuple[AnyArray, ...]] = []
        loaded = find_runtime(runtime)
        manifest = read_manifest(path)
        super().__init__(path, manifest, loaded.load(path, 1, manifest))

    def run(self, pixels: Image) -> tuple[AnyArray, ...]:
        """Run the network on an input (1, H, W, C) uint8, as `Model.run` does, and keep the integers."""
        raw = super().run(pixels)
        if len(self.inputs) < MAX_INPUTS:
            self.inputs.append(pixels[0].copy())
            self.answers.append(tuple(array[0].copy() for array in raw))
        return raw

    def integers(self) -> Integers:
        """Raw integers of all inputs so far, role -> (N, ...) as the file has them."""
        outputs = tuple(np.stack(parts) for parts in zip(*self.answers, strict=True))
        return Integers(np.stack(self.inputs), outputs, self.runtime_name, platform.machine())


def make_golden(models: Sequence[Path], folder: Path, pictures: Path | None = None) -> list[Path]:
    """Record what a release's models give, in every runtime that is installed here.

    Args:
        models: a detector and a reader in one format, or in both.
        folder: where the golden files go.
        pictures: a picture or folder with plates; None for frames of lpr's demo clip, which are rendered.

    Returns:
        The files.

    Raises:
        LprError: the models read no frame with confidence, or two runtimes read one differently.
    """
    sets = [(suffix, runtime) for suffix in _suffixes(models) for runtime in _runtimes(suffix)]
    if not sets:
        raise ExportError("no runtime for these files is installed here: pip install ai-edge-litert")
    frames: list[Image] = []
    texts: list[list[str]] = []
    written = []
    for suffix, runtime in sets:
        recorded = {kind: RecordingModel(_of_kind(models, kind, suffix), runtime) for kind in KINDS}
        opened: dict[str, Model] = dict(recorded)
        if not frames:
            frames, texts = _choose_frames(opened, pictures)
        elif read_texts(opened, frames) != texts:
            raise ExportError(f"{suffix} in {runtime} reads the golden frames differently: leave these files out")
        for model in recorded.values():
            written.append(folder / integers_name(model.path, runtime))
            write_integers(written[-1], model.integers())
    about = Samples(tuple(frames), "golden set", tuple(map(picture_sha256, frames)), tuple(texts))
    write_samples(folder / GOLDEN, about)
    return [*written, folder / GOLDEN]


def _suffixes(models: Sequence[Path]) -> list[str]:
    """Formats in which there are all kinds, TFLite first.

    Raises:
        ExportError: a kind is missing, or there twice.
    """
    suffixes = sorted({path.suffix for path in models}, reverse=True)
    for suffix in suffixes:
        for kind in KINDS:
            _of_kind(models, kind, suffix)
    return suffixes


def _of_kind(models: Sequence[Path], kind: str, suffix: str) -> Path:
    found = [path for path in models if path.suffix == suffix and path.name.partition(".")[0] == kind]
    if len(found) != 1:
        raise ExportError(
            f"a release has one {kind}{suffix}, and {len(found)} were given: name them such as {kind}.int8{suffix}"
        )
    return found[0]


def _runtimes(suffix: str) -> list[str]:
    return [runtime.name for runtime in own_runtimes() if suffix in runtime.suffixes and runtime.is_installed]


def _choose_frames(models: dict[str, Model], pictures: Path | None) -> tuple[list[Image], list[list[str]]]:
    """The first frames on which the models read a plate with confidence, and what they read."""
    frames: list[Image] = []
    texts: list[list[str]] = []
    for frame in _candidates(pictures):
        (found,) = read_texts(models, [frame])
        if found:
            frames.append(frame)
            texts.append(found)
        if len(frames) == MAX_FRAMES:
            break
    if not frames:
        raise ExportError("the models read no golden frame with confidence: give pictures of plates with --golden DIR")
    return frames, texts


def _candidates(pictures: Path | None) -> Iterator[Image]:
    source = open_source(str(pictures)) if pictures else open_demo()[0]
    every = 1 if pictures else EVERY
    try:
        for number, frame in enumerate(source.frames):
            if isinstance(frame, Frame) and number % every == 0:
                yield frame.image_bgr
    except LprError as error:
        raise ExportError(f"the golden pictures can't be read: {error}") from error
    finally:
        source.close()
