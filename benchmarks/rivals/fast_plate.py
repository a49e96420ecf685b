"""fast-plate-ocr by its own package: its network's settings, its trainer, its export, its reading."""

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

from lpr_edge.contract.base.arrays import Image
from rivals.alphabet import PAD, Alphabet
from rivals.commands import installed, run_quietly
from rivals.plates import Answers

SIZE_HW = (64, 128)
"""Of its network's input, in colour: what its page on training shows."""
STAGES = (32, 64, 96)
"""Filters of the two convolutions before each pooling."""
EXPORTS_BY = {"KERAS_BACKEND": "torch"}
"""Under TensorFlow 2.21 its export fails: tf2onnx 1.17 knows no Erfc, which GELU has become there."""
BATCH = 64
"""Its trainer's default."""


def plate_config(alphabet: Alphabet, slots: int) -> dict[str, Any]:
    """Its settings of a plate: the example's of its page on training, with other signs and places."""
    return {
        "max_plate_slots": slots,
        "alphabet": alphabet.text,
        "pad_char": PAD,
        "img_height": SIZE_HW[0],
        "img_width": SIZE_HW[1],
        "keep_aspect_ratio": False,
        "interpolation": "linear",
        "image_color_mode": "rgb",
    }


def model_config() -> dict[str, Any]:
    """The architecture of its global models' small size (cct-s-v1), which its page on training trains.

    The package carries no architecture; these are the published settings of fast-plate-ocr's cct_s_v1 (MIT licence).
    Those of the newer cct-s-v2 stand in a release's files alone.
    """
    pooling = {"layer": "MaxBlurPooling2D", "pool_size": 2, "filter_size": 3}
    blocks = [layer for filters in STAGES for layer in (_convolution(filters), _convolution(filters), pooling)]
    encoder = {
        "layers": 2,
        "heads": 2,
        "projection_dim": STAGES[-1],
        "units": [STAGES[-1], STAGES[-1]],
        "activation": "gelu",
        "stochastic_depth": 0.1,
        "attention_dropout": 0.1,
        "mlp_dropout": 0.1,
        "head_mlp_dropout": 0.2,
        "token_reducer_heads": 2,
        "normalization": "dyt",
    }
    return {
        "model": "cct",
        "rescaling": {"scale": 1 / 255, "offset": 0.0},
        "tokenizer": {"blocks": blocks, "positional_emb": True},
        "transformer_encoder": encoder,
    }


def _convolution(filters: int) -> dict[str, Any]:
    how = {"kernel_size": 3, "strides": 1, "padding": "valid", "activation": "relu", "use_bias": False}
    return {"layer": "Conv2D", "filters": filters, "kernel_initializer": "he_normal", **how}


def write_configs(folder: Path, alphabet: Alphabet, slots: int) -> tuple[Path, Path]:
    """Write both settings, the network's and the plate's; JSON is YAML as well."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / "network.yaml", folder / "plate.yaml")
    for path, config in zip(paths, (model_config(), plate_config(alphabet, slots)), strict=True):
        path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return paths


def train_command(data: Path, configs: tuple[Path, Path], epochs: int, out: Path) -> list[str]:
    """Its trainer with all of its own defaults but the number of epochs."""
    return installed(
        *("fast-plate-ocr", "train", "--model-config-file", str(configs[0]), "--plate-config-file", str(configs[1])),
        *("--annotations", str(data / "train.csv"), "--val-annotations", str(data / "validation.csv")),
        *("--epochs", str(epochs), "--output-dir", str(out), "--seed", "1"),
    )


def export(network: Path, config: Path) -> Path:
    """Export the network to ONNX with its own command, into the same folder; an existing file is kept.

    Raises:
        LprError: it fails.
    """
    path = network.with_suffix(".onnx")
    if not path.exists():
        files = ["--model", str(network), "--plate-config-file", str(config)]
        run_quietly(installed("fast-plate-ocr", "export", *files, "--format", "onnx"), EXPORTS_BY)
    return path


def untrained(configs: tuple[Path, Path], path: Path) -> Path:
    """Its network as its trainer begins with, as a Keras file."""
    keras = import_module("keras")
    settings = import_module("fast_plate_ocr.train.model.config").load_plate_config_from_yaml(configs[1])
    schema = import_module("fast_plate_ocr.train.model.model_schema").load_model_config_from_yaml(configs[0])
    keras.utils.set_random_seed(1)
    import_module("fast_plate_ocr.train.model.model_builders").build_model(schema, settings).save(path)
    return path


def read(name: str, network: Path, config: Path, pictures: Sequence[Image], alphabet: Alphabet) -> Answers:
    """What it reads, by its own recognizer on one thread: resizing, network and decoding.

    Args:
        name: of the reader in tables.
        network: `.onnx`.
        config: the plate's settings it was trained with.
        pictures: (H, W, 3) BGR plates, upright.
        alphabet: what its signs mean.
    """
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    recognizer = import_module("fast_plate_ocr").LicensePlateRecognizer(
        onnx_model_path=network, plate_config_path=config, providers=["CPUExecutionProvider"], sess_options=options
    )
    rgb = [picture[:, :, ::-1].copy() for picture in pictures]
    recognizer.run(rgb[:1])
    start = perf_counter()
    found = [recognizer.run([picture])[0].plate for picture in rgb]
    ms = 1000 * (perf_counter() - start) / len(rgb)
    return Answers(name, [alphabet.decode(text) for text in found], ms)
