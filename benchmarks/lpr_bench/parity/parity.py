"""Compare runtimes on the same pictures: network inputs, output integers, and texts.

The three comparisons show where a difference comes from: preprocessing, the network, or decoding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lpr_bench.base.frames import paint_plate
from lpr_edge.contract.base.arrays import AnyArray, Image, Quad
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country, country_from_dict
from lpr_edge.contract.manifest import Manifest
from lpr_edge.contract.preprocess import prepare, prepare_plate
from lpr_edge.contract.run.model_types import MODEL_TYPES
from lpr_edge.contract.run.samples import check_unpacked
from lpr_edge.runtimes.model import Model
from lpr_edge.vision.character_classifier import CharacterClassifier
from lpr_edge.vision.pipeline import PlatePipeline


@dataclass(frozen=True)
class Reference:
    """Inputs, integers and texts of the reference, computed on this machine or another."""

    frames: list[Image]
    """Rendered frames, (480, 640, 3) uint8 BGR."""
    texts: list[list[str]]
    """Texts of the plates of each frame, in order of confidence."""
    crops: list[Image]
    """Rendered single characters."""
    labels: list[str]
    """The classifier's label of each crop."""
    runtime: str = "litert"
    """The reference's runtime."""
    plates: list[tuple[int, Quad]] = field(default_factory=list)
    """(frame number, corners (4, 2)) of each detected plate."""
    pixels: dict[str, list[Image]] = field(default_factory=dict)
    """Kind of network -> inputs, (1, H, W, C) uint8 each, made on the reference's machine."""
    integers: dict[str, list[AnyArray]] = field(default_factory=dict)
    """Kind of network -> for each input all outputs concatenated, integers minus zero points."""


def paint_characters(country: Country) -> list[Image]:
    """A rendered picture of each label, (H, W, 3) uint8 BGR each."""
    return [paint_plate(country, (label,)) for label in country.labels]


def make_reference(device: PlatePipeline, classifier: CharacterClassifier, frames: Sequence[Image]) -> Reference:
    """Run the reference's networks on frames and characters.

    Args:
        device: detects and reads, in the reference's runtime.
        classifier: the same runtime's.
        frames: each (H, W, 3) uint8, BGR.
    """
    models = {"detector": device.detector.model, "reader": device.reader.model, "classifier": classifier.model}
    crops = paint_characters(country_from_dict(classifier.model.manifest.country))
    plates = [(n, found.quad_xy) for n, frame in enumerate(frames) for found in device.detector.detect(frame)]
    texts, labels = texts_of(device, frames), labels_of(classifier, crops)
    reference = Reference(list(frames), texts, crops, labels, classifier.model.runtime_name, plates)
    for kind, model in models.items():
        reference.pixels[kind] = prepare_all(model.manifest, reference)
        reference.integers[kind] = [steps_from_zero(model, pixels) for pixels in reference.pixels[kind]]
    return reference


def prepare_all(manifest: Manifest, reference: Reference) -> list[Image]:
    """Preprocess the reference's pictures on this machine, (1, H, W, C) uint8 each; plates at its corners."""
    model_type = MODEL_TYPES[manifest.kind]
    if model_type.sees_plates and not model_type.finds_plates:
        frames, spec, margin = reference.frames, manifest.input, manifest.margin
        return [prepare_plate(frames[n], quad, spec, margin).pixels for n, quad in reference.plates]
    pictures = reference.frames if model_type.finds_plates else reference.crops
    return [prepare(picture, manifest.input).pixels for picture in pictures]


def compare_inputs(manifest: Manifest, reference: Reference) -> dict[str, Any]:
    """Compare this machine's network inputs with the reference's."""
    pairs = zip(prepare_all(manifest, reference), reference.pixels.get(manifest.kind, []), strict=True)
    distances = [np.abs(np.subtract(here, there, dtype=np.int16)).ravel() for here, there in pairs]
    together = np.concatenate(distances) if distances else np.zeros(0, np.int16)
    return {"kind": manifest.kind, "pictures": len(distances), **_describe(together)}


def texts_of(device: PlatePipeline, frames: Sequence[Image]) -> list[list[str]]:
    """Texts of the plates of each frame, in order of confidence."""
    return [[plate.reading.text for plate in device.read(frame).plates] for frame in frames]


def labels_of(classifier: CharacterClassifier, crops: Sequence[Image]) -> list[str]:
    """The label of each crop."""
    return [classifier.guess(crop)[0] for crop in crops]


def steps_from_zero(model: Model, pixels: Image) -> AnyArray:
    """All outputs of a network for an input (1, H, W, C), as one (N,) array: integers minus zero points, or floats."""
    pairs = zip(model.run(pixels), model.manifest.outputs, strict=True)
    return np.concatenate([_from_zero(raw, spec.zero_point) for raw, spec in pairs])


def _from_zero(raw: AnyArray, zero_point: int) -> AnyArray:
    wide: AnyArray = raw.astype(np.float64 if raw.dtype.kind == "f" else np.int32)
    return np.subtract(wide, zero_point).ravel()


def compare_integers(model: Model, reference: Reference) -> dict[str, Any]:
    """Compare a network's integers with the reference's, for equal inputs.

    Raises:
        LprError: their number differs, so it is another network; or the reference has none of this kind.
    """
    kind = model.manifest.kind
    if not reference.integers.get(kind):
        raise LprError(f"the reference has no integers of a {kind}: its detector found no plate on the pictures")
    distances = []
    for pixels, expected in zip(reference.pixels[kind], reference.integers[kind], strict=True):
        found = steps_from_zero(model, pixels)
        if found.shape != expected.shape:
            raise LprError(
                f"{model.path} gives {found.size} numbers where the reference gives {expected.size}: "
                "compare files of one network"
            )
        distances.append(np.abs(found - expected))
    return {"kind": kind, "pictures": len(distances), **_describe(np.concatenate(distances))}


def _describe(distances: AnyArray) -> dict[str, Any]:
    return {
        "integers": int(distances.size),
        "equal": int((distances == 0).sum()),
        "one_step": int((distances == 1).sum()),
        "more": int((distances > 1).sum()),
        "most_steps": float(distances.max(initial=0)),
    }


def compare_answers(expected: Sequence[Any], actual: Sequence[Any]) -> dict[str, Any]:
    """Number of pictures with equal answers, and the first different ones."""
    different = [n for n, (a, b) in enumerate(zip(expected, actual, strict=True)) if a != b]
    examples = [{"picture": n, "reference": expected[n], "here": actual[n]} for n in different[:10]]
    return {"pictures": len(expected), "same": len(expected) - len(different), "different": examples}


def save_reference(path: Path, reference: Reference, hashes: Mapping[str, str]) -> None:
    """Write the reference for another machine: pictures, inputs, integers and texts.

    Args:
        path: of the `.npz`.
        reference: what to write.
        hashes: kind of network -> SHA-256 of its weights.

    Raises:
        LprError: the place can't be written.
    """
    arrays: dict[str, AnyArray] = {
        "frames": np.stack(reference.frames),
        "texts": np.array(["\n".join(texts) for texts in reference.texts]),
        "labels": np.array(reference.labels),
        "runtime": np.array(reference.runtime),
        "plates": np.array([n for n, _ in reference.plates], np.int64),
        "quads": np.array([quad for _, quad in reference.plates], np.float32).reshape(-1, 4, 2),
        "hashes": np.array([f"{kind} {digest}" for kind, digest in sorted(hashes.items())]),
    }
    arrays |= {f"crop{number:03}": crop for number, crop in enumerate(reference.crops)}
    for kind, pixels in ((kind, pixels) for kind, pixels in reference.pixels.items() if pixels):
        arrays[f"pixels {kind}"] = np.stack(pixels)
        arrays[f"integers {kind}"] = np.stack(reference.integers[kind])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez_compressed(file, **arrays)
    except OSError as error:
        raise LprError(f"can't write {path}: {error.strerror or error}") from error


def load_reference(path: Path, hashes: Mapping[str, str]) -> Reference:
    """Read what `save_reference` wrote on another machine.

    Raises:
        LprError: it can't be read, or was made with other models.
    """
    try:
        check_unpacked(path)
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        made_with = dict(str(line).split(" ") for line in arrays["hashes"])
        plates = list(zip(arrays["plates"].tolist(), arrays["quads"], strict=True))
        runtime = str(arrays["runtime"])
    except (OSError, ValueError, KeyError) as error:
        raise LprError(f"{path} is no reference of lpr-bench parity: make one with --write-reference") from error
    if made_with != dict(hashes):
        raise LprError(f"{path} was made with other models than those given here: give the same files on both machines")
    kinds = [name.split(" ")[1] for name in arrays if name.startswith("pixels ")]
    return Reference(
        list(arrays["frames"]),
        [str(line).split("\n") if str(line) else [] for line in arrays["texts"]],
        [arrays[name] for name in sorted(arrays) if name.startswith("crop")],
        [str(label) for label in arrays["labels"]],
        runtime,
        plates,
        {kind: list(arrays[f"pixels {kind}"]) for kind in kinds},
        {kind: list(arrays[f"integers {kind}"]) for kind in kinds},
    )
