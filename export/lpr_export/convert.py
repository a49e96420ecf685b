"""A Keras network to TFLite and ONNX files' bytes. TensorFlow runs here, and nowhere else in lpr_export."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import AnyArray, Floats, Image
from lpr_edge.contract.manifest import Manifest, OutputSpec, TensorSpec
from lpr_export.calibration import with_full_range
from lpr_export.errors import ExportError
from lpr_export.keras_model import KerasModel, load_network
from lpr_export.onnx_bytes import SHIFT
from lpr_export.onnx_twin import make_twin
from lpr_export.tensorflow_quiet import load_keras, load_tensorflow

BYTE_SCALE = float(np.float32(1 / 255))
"""What one step of a camera's byte means to a network trained on [0, 1]."""
FLOAT_TOLERANCE = 1e-3
"""The most that converted float outputs may differ from Keras', beside their largest value: 100 times what folding
batch normalisation into convolutions was seen to change."""


@dataclass(frozen=True)
class Converted:
    """One precision of a network, in both formats, without manifests."""

    precision: str
    tflite: bytes
    onnx: bytes
    input_tensor: TensorSpec
    outputs: tuple[OutputSpec, ...]
    """Of the TFLite file, in the order that both files have."""

    @property
    def onnx_outputs(self) -> tuple[OutputSpec, ...]:
        """Of the ONNX file: the same numbers as bytes, see `onnx_bytes`."""
        return tuple(map(_as_byte, self.outputs))


def _as_byte(spec: OutputSpec) -> OutputSpec:
    return replace(spec, dtype="uint8", zero_point=spec.zero_point + SHIFT) if spec.dtype == "int8" else spec


def convert(path: Path, card: Manifest, pictures: Sequence[Image], precisions: Sequence[str]) -> list[Converted]:
    """Convert `model.keras` to each precision.

    Args:
        path: the Keras file.
        card: what the run says of it.
        pictures: the representative data set, each (H, W, C) uint8.
        precisions: of `int8` and `float32`.

    Raises:
        ExportError: the network can't be loaded or converted, or the result isn't what was asked for.
    """
    model = load_network(path, card)
    with tempfile.TemporaryDirectory() as folder:
        saved = _save_graph(model, Path(folder))
        made = {precision: _to_tflite(saved, precision, pictures) for precision in precisions}
    if "float32" in made:
        _check_float(model, made["float32"], pictures[: min(4, len(pictures))])
    return [_describe(tflite, precision) for precision, tflite in made.items()]


def _save_graph(model: KerasModel, folder: Path) -> Path:
    """Write the network as a SavedModel whose signature names every output by its role, for one picture a run."""
    tensorflow, keras = load_tensorflow(), load_keras()
    picture = tensorflow.TensorSpec((1, *model.inputs[0].shape[1:]), tensorflow.float32, name="image")
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", lambda image: model(image, training=False), [picture])
    archive.write_out(str(folder), verbose=False)
    return folder


def _to_tflite(saved: Path, precision: str, pictures: Sequence[Image]) -> bytes:
    tensorflow = load_tensorflow()
    converter = tensorflow.lite.TFLiteConverter.from_saved_model(str(saved))
    if precision == "int8":
        # Full integer, weights per channel (TFLite's default for convolutions); an operator without an int8 kernel
        # is an error and not a float island.
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _representative(pictures)
        converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tensorflow.uint8
        converter.inference_output_type = tensorflow.int8
    else:
        converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS]
    try:
        return bytes(converter.convert())
    except Exception as error:  # the converter's errors share no parent but Exception
        raise ExportError(_why_not_converted(str(error), precision)) from error


def _representative(pictures: Sequence[Image]) -> Iterator[list[Floats]]:
    for picture in with_full_range(pictures):
        yield [np.asarray(picture[np.newaxis] / np.float32(255), np.float32)]


def _why_not_converted(message: str, precision: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if "is neither a custom op nor a flex op" in line or "Flex ops:" in line]
    telling += [line for line in lines if "not supported" in line]
    first = (telling or lines or ["no reason given"])[0]
    return (
        f"TFLite can't convert the network to {precision} with its built-in operators ({first[:300]}). "
        "Build it from convolutions, dense layers, ReLU, pooling, sigmoid and softmax"
    )


def _interpreter(tflite: bytes) -> Any:
    interpreter = load_tensorflow().lite.Interpreter(model_content=tflite)
    interpreter.allocate_tensors()
    return interpreter


def _describe(tflite: bytes, precision: str) -> Converted:
    """Find each output's role by the signature, in the file's order, and make the ONNX twin."""
    interpreter = _interpreter(tflite)
    runner = interpreter.get_signature_runner("serving_default")
    roles = {details["index"]: role for role, details in runner.get_output_details().items()}
    details = interpreter.get_output_details()
    if len(roles) != len(details):
        raise ExportError(f"the converter merged outputs that should differ: {len(details)} are left of {len(roles)}")
    outputs = tuple(_output_spec(detail, roles[detail["index"]]) for detail in details)
    picture = _tensor_spec(interpreter.get_input_details()[0])
    _check_tensors(picture, outputs, precision)
    names = {detail["name"]: spec.role for detail, spec in zip(details, outputs, strict=True)}
    return Converted(precision, tflite, make_twin(tflite, names), picture, outputs)


def _tensor_spec(detail: dict[str, Any]) -> TensorSpec:
    scale, zero_point = detail["quantization"]
    dtype = np.dtype(detail["dtype"]).name
    return TensorSpec(dtype) if dtype == "float32" else TensorSpec(dtype, float(scale), int(zero_point))


def _output_spec(detail: dict[str, Any], role: str) -> OutputSpec:
    tensor = _tensor_spec(detail)
    shape = tuple(int(size) for size in detail["shape"][1:])
    return OutputSpec(tensor.dtype, tensor.scale, tensor.zero_point, role, shape)


def _check_tensors(picture: TensorSpec, outputs: Sequence[OutputSpec], precision: str) -> None:
    """See that the file takes and gives what was asked for, and that a byte b means b/255."""
    wanted = ("uint8", "int8") if precision == "int8" else ("float32", "float32")
    if (picture.dtype, {output.dtype for output in outputs}) != (wanted[0], {wanted[1]}):
        raise ExportError(
            f"the {precision} file takes {picture.dtype} and gives {', '.join(o.dtype for o in outputs)}, "
            f"where {wanted[0]} and {wanted[1]} were asked for. Use the TensorFlow that lpr[export] installs"
        )
    if precision == "int8" and (picture.scale, picture.zero_point) != (BYTE_SCALE, 0):
        raise ExportError(
            f"the int8 file takes bytes at scale {picture.scale:.9f}, zero point {picture.zero_point}, where 1/255 and "
            "0 were expected. The network must take pictures in [0, 1]"
        )


def _check_float(model: KerasModel, tflite: bytes, pictures: Sequence[Image]) -> None:
    """See that float TFLite gives Keras' own numbers, so that it can stand for them in every comparison."""
    runner = _interpreter(tflite).get_signature_runner("serving_default")
    for picture in pictures:
        image = np.asarray(picture[np.newaxis] / np.float32(255), np.float32)
        keras_outputs, outputs = model(image, training=False), runner(image=image)
        for role, output in outputs.items():
            _check_close(role, np.asarray(keras_outputs[role]), output)


def _check_close(role: str, expected: AnyArray, found: AnyArray) -> None:
    off = float(np.abs(expected - found).max())
    if off > FLOAT_TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise ExportError(
            f"float TFLite gives other numbers than Keras: the output {role!r} is off by {off:.3g}. "
            "A layer acts otherwise in training than at rest, or the converter is at fault; report it"
        )
