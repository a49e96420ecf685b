"""Run folders as lpr-train writes them, with Tinyland's small networks in them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tests.support.golden import tinyland

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.preprocess import prepare
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_edge.contract.run.samples import Samples, picture_sha256, write_samples

THRESHOLDS: dict[str, dict[str, float]] = {
    "classifier": {},
    "reader": {"peak": 0.4},
    "detector": {"score": 0.05, "overlap": 0.3},
}
MODELS = ["characters.int8.onnx", "characters.int8.tflite"]
EXPORTED = sorted(["characters.heldout.npz", *MODELS, "characters.report.html", "characters.report.json"])
"""What exporting the run `characters` to int8 leaves."""
HELD_OUT = 60
"""Pictures a run; an export wants 50 that differ."""
STEPS = {"characters": 60, "reader": 600}
"""Enough for the networks to see something; the detector, slow to fit, keeps its random weights."""


def make_run(folder: Path, name: str, /, **card: Any) -> Path:
    """Fit a network for some seconds and write its run folder; `card` replaces entries of model.json."""
    import keras
    from tests.support.golden import make

    keras.backend.clear_session()  # layers are numbered from the start, whatever ran before
    keras.utils.set_random_seed(7)
    model = getattr(make, name)()
    if name in STEPS:
        make.fit(model, getattr(make, f"{name}_sample"), STEPS[name])
    return write_run(folder, name, model, **card)


def write_run(folder: Path, name: str, model: Any, /, **card: Any) -> Path:
    """Write the run folder of a Keras network."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    write_card(folder, name, **card)
    write_samples(folder / "representative.npz", draw_samples(name, 48, seed=1))
    write_samples(folder / "heldout.npz", draw_samples(name, HELD_OUT, seed=2))
    return folder


def write_card(folder: Path, name: str, /, **replaced: Any) -> None:
    """Write model.json."""
    from tests.support.golden.make import INPUTS

    country, kind = tinyland.tinyland(), NAMED_TYPES[name].kind
    labels = {"detector": (), "reader": country.labels, "classifier": tuple(country.characters.values())}[kind]
    card = {
        "kind": kind,
        "name": name,
        "labels": labels,
        "input": INPUTS[name].to_dict(),
        "thresholds": THRESHOLDS[kind],
        "country": country.to_dict(),
        "training": {"seed": 7},
        "metrics": [{"data": "rendered", "split": "held out", "metric": "loss", "value": 0.1, "count": 10}],
        "licence": "Apache-2.0",
    }
    (folder / "model.json").write_text(json.dumps(card | replaced), encoding="utf-8")


def draw_samples(name: str, count: int, seed: int) -> Samples:
    """Pictures of Tinyland, prepared, with their truth."""
    rng = np.random.default_rng(seed)
    drawn = [_draw(name, number, rng) for number in range(count)]
    pictures = tuple(picture for picture, _ in drawn)
    return as_samples(pictures, tuple(truth for _, truth in drawn), seed)


def as_samples(pictures: Sequence[Image], truth: tuple[Any, ...], seed: int = 0) -> Samples:
    """Samples of rendered pictures."""
    return Samples(tuple(pictures), "rendered", tuple(map(picture_sha256, pictures)), truth, seed)


def _draw(name: str, number: int, rng: np.random.Generator) -> tuple[Image, Any]:
    from tests.support.golden.make import INPUTS

    spec = INPUTS[name]
    if name == "characters":
        label = "0X"[number % 2]
        return prepare(tinyland.draw_character(label, rng), spec).pixels[0], label
    rows = tinyland.random_rows(rng)
    if name == "reader":
        plate = tinyland.draw_plate(rows).image_bgr
        noisy = np.clip(plate + rng.normal(0, 5, plate.shape), 0, 255).astype(np.uint8)
        return prepare(noisy, spec).pixels[0], rows
    scene = tinyland.draw_scene(rows, rng)
    prepared = prepare(scene.image_bgr, spec)
    quads = [(quad * np.array(prepared.scale_xy)).round(2).tolist() for quad, _ in scene.plates]
    return prepared.pixels[0], quads
