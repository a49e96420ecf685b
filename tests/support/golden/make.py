"""Make the golden models: `python -m tests.support.golden.make` in the repository's root, with TensorFlow and tf2onnx.

Three tiny networks, fitted for some seconds on pictures of Tinyland, exported to int8 TFLite and to ONNX with the same
scales. They are checked in, so that the device's tests run real models without TensorFlow.
"""

import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from keras import layers
from onnx import load
from tests.support.golden import tinyland

from lpr_edge.contract.geometry import picture_order, rectify
from lpr_edge.contract.manifest import Manifest, OutputSpec, TensorSpec, embed_in_onnx, embed_in_tflite
from lpr_edge.contract.outputs import cell_middle, encode_offsets
from lpr_edge.contract.preprocess import InputSpec, prepare
from lpr_edge.contract.run.model_types import MODEL_TYPES
from lpr_export.onnx.uint8_activations import use_uint8_activations

HERE = Path(__file__).parent
COUNTRY = tinyland.tinyland()
INPUTS = {
    "detector": InputSpec((96, 128), 3, "rgb", "letterbox"),
    "reader": InputSpec((32, 96), 1, "gray", "stretch"),
    "characters": InputSpec((16, 16), 3, "rgb", "stretch"),
}
GRIDS = {"detector": (12, 16), "reader": (8, 24)}
STEPS = {"detector": 1400, "reader": 900, "characters": 60}
SHARES = {"centre": 3.0, "corners": 20.0, "turn": 10.0, "classes": 3.0, "size": 20.0, "scores": 1.0}
"""Of each output in the loss: so all are learnt in a few hundred steps."""
BATCH = 32

Sample = tuple[np.ndarray[Any, Any], dict[str, np.ndarray[Any, Any]]]


def detector() -> keras.Model:
    """Three strides of two, then context: a grid of cells of 8 pixels."""
    image = layers.Input((96, 128, 3), name="image")
    x = image
    for filters, stride, dilation in [(8, 2, 1), (16, 2, 1), (24, 2, 1), (24, 1, 2), (24, 1, 2)]:
        x = _conv(x, filters, stride, dilation)
    heads = {
        "centre": layers.Conv2D(1, 1, activation="sigmoid", bias_initializer=keras.initializers.Constant(-3))(x),
        "corners": layers.Conv2D(8, 1)(x),
        "turn": layers.Softmax()(layers.Conv2D(4, 1)(x)),
    }
    return keras.Model(image, heads)


def reader() -> keras.Model:
    """Two strides of two: a grid of cells of 4 pixels."""
    image = layers.Input((32, 96, 1), name="image")
    x = image
    for filters, stride, dilation in [(8, 2, 1), (20, 2, 1), (24, 1, 1), (24, 1, 1)]:
        x = _conv(x, filters, stride, dilation)
    heads = {
        "centre": layers.Conv2D(1, 1, activation="sigmoid", bias_initializer=keras.initializers.Constant(-3))(x),
        "classes": layers.Conv2D(len(COUNTRY.labels), 1)(x),
        "size": layers.Conv2D(2, 1, activation="sigmoid")(x),
    }
    return keras.Model(image, heads)


def characters() -> keras.Model:
    """Tells a ring from a cross."""
    image = layers.Input((16, 16, 3), name="image")
    x = _conv(_conv(image, 6, 2, 1), 8, 2, 1)
    return keras.Model(image, {"scores": layers.Softmax()(layers.Dense(2)(layers.Flatten()(x)))})


def _conv(x: Any, filters: int, stride: int, dilation: int) -> Any:
    x = layers.Conv2D(filters, 3, stride, "same", dilation_rate=dilation, use_bias=False)(x)
    return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9)(x))


def detector_sample(rng: np.random.Generator) -> Sample:
    """A scene, and where its plate is."""
    spec, grid = INPUTS["detector"], GRIDS["detector"]
    scene = tinyland.draw_scene(tinyland.random_rows(rng) if rng.random() < 0.9 else None, rng)
    prepared = prepare(scene.image_bgr, spec)
    centre, corners, turn = (np.zeros((*grid, n), np.float32) for n in (1, 8, 4))
    weight = np.zeros((*grid, 1), np.float32)
    for quad, _ in scene.plates:
        own = quad * np.array(prepared.scale_xy, np.float32)
        ordered, first = picture_order(own)
        middle = own.mean(axis=0)
        for cell in itertools.product(range(grid[0]), range(grid[1])):
            way = cell_middle(cell, grid, spec.size_hw) - middle
            heat = float(np.exp(-(way @ way) / (2 * 6.0**2)))
            centre[cell] = heat
            if heat > 0.2:
                weight[cell] = heat
                offsets = (ordered - cell_middle(cell, grid, spec.size_hw)).reshape(8) / max(spec.size_hw)
                corners[cell] = encode_offsets(offsets)
                turn[cell][first] = 1.0
    return prepared.pixels[0], {"centre": centre, "corners": corners, "turn": turn, "weight": weight}


def reader_sample(rng: np.random.Generator) -> Sample:
    """A plate in true corners that are a little off, and where its characters are."""
    spec, grid = INPUTS["reader"], GRIDS["reader"]
    plate = tinyland.draw_plate(tinyland.random_rows(rng))
    height, width = tinyland.PLATE_HW
    quad = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    quad += rng.normal(0, 5.0, (4, 2)).astype(np.float32)
    crop = rectify(plate.image_bgr, quad, spec.size_hw)
    pixels = prepare(np.clip(crop + rng.normal(0, 5, crop.shape), 0, 255).astype(np.uint8), spec).pixels[0]
    centre, size, weight = (np.zeros((*grid, n), np.float32) for n in (1, 2, 1))
    classes = np.zeros((*grid, len(COUNTRY.labels)), np.float32)
    cells = (np.indices(grid).transpose(1, 2, 0) + 0.5)[..., ::-1]
    for label, x, y, w, h in plate.boxes:
        way = cells - np.array([x * grid[1], y * grid[0]])
        heat = np.exp(-(way**2).sum(axis=-1) / (2 * 0.7**2))
        won = heat > centre[..., 0]
        centre[won, 0] = heat[won]
        near = won & (heat > 0.3)
        classes[near] = 0.0
        classes[near, COUNTRY.labels.index(label)] = 1.0
        size[near] = (w, h)
        weight[near, 0] = heat[near]
    return pixels, {"centre": centre, "classes": classes, "size": size, "weight": weight}


def characters_sample(rng: np.random.Generator) -> Sample:
    """A crop of a ring or a cross."""
    label = int(rng.integers(2))
    crop = tinyland.draw_character("0X"[label], rng)
    return prepare(crop, INPUTS["characters"]).pixels[0], {"scores": np.eye(2, dtype=np.float32)[label]}


def _loss(role: str, true: Any, said: Any, weight: Any) -> Any:
    if role == "centre":
        near = tf.abs(true - said) ** 2
        return tf.reduce_sum(near * keras.ops.binary_crossentropy(true, said)) / BATCH
    if role in ("corners", "size"):
        return tf.reduce_sum(weight * tf.abs(true - said)) / tf.reduce_sum(weight + 1e-3)
    crossentropy = keras.losses.categorical_crossentropy(true, said, from_logits=role == "classes")
    return tf.reduce_sum(tf.squeeze(weight, -1) * crossentropy) / tf.reduce_sum(weight + 1e-3)


def fit(model: keras.Model, sample: Callable[[np.random.Generator], Sample], steps: int) -> None:
    """Fit for some steps, each on a batch of new pictures out of a small store."""
    rng = np.random.default_rng(7)
    store = [sample(rng) for _ in range(BATCH * 50)]
    images = np.stack([pixels for pixels, _ in store]).astype(np.float32) / 255
    targets = {role: np.stack([target[role] for _, target in store]) for role in store[0][1]}
    schedule = keras.optimizers.schedules.CosineDecay(4e-3, steps)
    optimizer = keras.optimizers.Adam(schedule)

    @tf.function
    def step(pixels: Any, truth: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            said = model(pixels, training=True)
            weight = truth.get("weight", tf.ones((BATCH, 1)))
            loss = tf.add_n([SHARES[role] * _loss(role, truth[role], said[role], weight) for role in said])
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    for number in range(steps):
        chosen = rng.choice(len(store), BATCH, replace=False)
        loss = step(
            tf.constant(images[chosen]), {role: tf.constant(values[chosen]) for role, values in targets.items()}
        )
        if number % 100 == 99:
            print(f"  step {number + 1}: loss {float(loss):.3f}", file=sys.stderr)


def to_tflite(model: keras.Model, sample: Callable[[np.random.Generator], Sample]) -> bytes:
    """Convert with static int8 quantisation, bytes in and out."""
    rng = np.random.default_rng(8)
    shape = (1, *model.inputs[0].shape[1:])

    def representative() -> Iterator[list[Any]]:
        for _ in range(100):
            yield [sample(rng)[0].reshape(shape).astype(np.float32) / 255]

    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False, input_signature=[tf.TensorSpec(shape, tf.float32, "image")])
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.uint8
        return bytes(converter.convert())


def to_onnx(tflite: Path, onnx: Path) -> bytes:
    """Convert with the same scales."""
    command = [sys.executable, "-m", "tf2onnx.convert", "--tflite", str(tflite), "--output", str(onnx), "--opset", "17"]
    subprocess.run(command, check=True, capture_output=True)
    model = load(onnx)
    use_uint8_activations(model)
    return bytes(model.SerializeToString())


def describe(name: str, kind: str, tflite: bytes) -> Manifest:
    """The manifest, with the tensors as the file has them."""
    interpreter = tf.lite.Interpreter(model_content=tflite)
    interpreter.allocate_tensors()
    sizes = {1: "centre", 8: "corners", 4: "turn", 2: "size", len(COUNTRY.labels): "classes"}
    outputs = []
    for detail in interpreter.get_output_details():
        shape = tuple(map(int, detail["shape"][1:]))
        role = "scores" if kind == "classifier" else sizes[shape[-1]]
        scale, zero_point = detail["quantization"]
        outputs.append(OutputSpec(detail["dtype"].__name__, float(scale), int(zero_point), role, shape))
    scale, zero_point = interpreter.get_input_details()[0]["quantization"]
    labels = {"detector": (), "reader": COUNTRY.labels, "classifier": tuple(COUNTRY.characters.values())}
    return Manifest(
        kind=kind,
        name=f"golden {name}",
        labels=labels[kind],
        input=INPUTS[name],
        outputs=tuple(outputs),
        precision="int8",
        input_tensor=TensorSpec("uint8", float(scale), int(zero_point)),
        thresholds={"score": 0.3, "overlap": 0.3} if kind == "detector" else {"peak": 0.3} if kind == "reader" else {},
        country=COUNTRY.to_dict(),
        training={"made_by": "tests/support/golden/make.py"},
        calibration={"source": "rendered", "count": 100, "seed": 8},
        runtimes=("litert", "tflite", "onnxruntime"),
        licence="Apache-2.0",
        lpr_version="0.1.0",
    )


def make(name: str, kind: str, model: keras.Model, sample: Callable[[np.random.Generator], Sample]) -> None:
    """Fit and export one network, in both formats."""
    print(f"{name}: {model.count_params()} parameters", file=sys.stderr)
    fit(model, sample, STEPS[name])
    tflite = to_tflite(model, sample)
    manifest = describe(name, kind, tflite)
    assert {output.role for output in manifest.outputs} == set(MODEL_TYPES[kind].roles)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "model.tflite"
        plain.write_bytes(tflite)
        onnx = to_onnx(plain, Path(folder) / "model.onnx")
    (HERE / f"{name}.int8.tflite").write_bytes(embed_in_tflite(tflite, manifest))
    (HERE / f"{name}.int8.onnx").write_bytes(embed_in_onnx(onnx, manifest))


MAKERS: dict[str, tuple[str, Callable[[], keras.Model], Callable[[np.random.Generator], Sample]]] = {
    "characters": ("classifier", characters, characters_sample),
    "reader": ("reader", reader, reader_sample),
    "detector": ("detector", detector, detector_sample),
}


def main(names: list[str]) -> int:
    """Make the named models; all three where none is named."""
    for name in names or MAKERS:
        kind, network, sample = MAKERS[name]
        keras.utils.set_random_seed(7)
        make(name, kind, network(), sample)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
