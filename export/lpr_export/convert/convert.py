"""Convert a Keras network to the bytes of TFLite and ONNX files, in all requested precisions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.manifest import Manifest, OutputSpec, TensorSpec
from lpr_export.base.errors import ExportError
from lpr_export.base.layer_names import find_tensors, layer_of
from lpr_export.calibration.representative_set import RepresentativeSet
from lpr_export.convert.batch_norm import fold_normalisation
from lpr_export.convert.converted import Conversion, Converted, Half
from lpr_export.convert.fast_input import with_fast_input
from lpr_export.convert.float_tflite import check_float, interpreter, to_floats
from lpr_export.convert.keras_model import KerasModel, load_network
from lpr_export.convert.quantize import Calibrated, calibrate, merge, quantise
from lpr_export.convert.upsampling import with_fast_upsampling
from lpr_export.onnx.from_tflite import convert_to_onnx

TFLITE_ONLY = ("int8-dynamic",)
"""Precisions without ONNX file: TFLite's quantisation at each run has no equal in ONNX."""
BYTE_SCALE = float(np.float32(1 / 255))
"""Input scale of a network trained on [0, 1] that takes bytes."""


def convert(
    path: Path,
    card: Manifest,
    calibration: RepresentativeSet,
    precisions: Sequence[str],
    float_layers: Sequence[str] = (),
    try_layers: bool = False,
) -> Conversion:
    """Convert `model.keras` to each precision.

    Args:
        path: the Keras file.
        card: the run's card.
        calibration: the representative data set.
        precisions: of `options.PRECISIONS`, including `float32`.
        float_layers: layers of the int8 file that stay in float.
        try_layers: also make one int8 file per layer, with this layer in float.

    Raises:
        ExportError: the network can't be loaded or converted, or the result isn't what was asked for.
    """
    model = load_network(path, card)
    made = to_floats(model, [precision for precision in precisions if precision != "int8"])
    check_float(model, made["float32"], calibration.pictures[:4])
    if "int8" not in precisions:
        return Conversion(tuple(_describe(made[precision], precision) for precision in precisions))
    source = _to_calibrate(model, made["float32"])
    check_float(model, source, calibration.pictures[:4])
    parts = calibration.halves()
    halves = [calibrate(source, part.pictures) for part in parts]
    # The merged ranges are those of the whole set.
    whole, roles = merge(*halves), _roles(source)
    kept = find_tensors(float_layers, whole.ranges, roles)
    made["int8"] = quantise(whole, kept)
    return Conversion(
        tuple(_describe(made[precision], precision) for precision in precisions),
        tuple(_half(half, kept, len(part.pictures)) for half, part in zip(halves, parts, strict=True)),
        _trials(whole, kept, roles, made["int8"]) if try_layers else {},
        source,
    )


def _to_calibrate(model: KerasModel, plain: bytes) -> bytes:
    """The float TFLite file that int8 is made from, with all normalisations folded."""
    folded = fold_normalisation(model)
    return plain if folded is model else to_floats(folded, ["float32"])["float32"]


def _half(half: Calibrated, kept: Sequence[str], pictures: int) -> Half:
    return Half(_describe(quantise(half, kept), "int8", twin=False), half.ranges, pictures)


def _trials(whole: Calibrated, kept: Sequence[str], roles: Mapping[str, str], plain: bytes) -> dict[str, Converted]:
    """One int8 file per layer with this layer in float; layers without any effect are left out."""
    layers = dict.fromkeys(layer_of(tensor, roles) for tensor in whole.ranges if tensor not in kept)
    made = {layer: quantise(whole, [*kept, *find_tensors([layer], whole.ranges, roles)]) for layer in layers}
    return {layer: _describe(tflite, "int8", twin=False) for layer, tflite in made.items() if tflite != plain}


def _roles(tflite: bytes) -> dict[str, str]:
    """Output tensor -> its role."""
    runner = interpreter(tflite).get_signature_runner("serving_default")
    return {details["name"]: role for role, details in runner.get_output_details().items()}


def _describe(tflite: bytes, precision: str, twin: bool = True) -> Converted:
    """Read the tensors' specifications from a TFLite file, and make its ONNX twin."""
    opened = interpreter(tflite)
    runner = opened.get_signature_runner("serving_default")
    roles = {details["index"]: role for role, details in runner.get_output_details().items()}
    details = opened.get_output_details()
    if len(roles) != len(details):
        raise ExportError(f"the converter merged outputs that should differ: {len(details)} are left of {len(roles)}")
    outputs = tuple(_output_spec(detail, roles[detail["index"]]) for detail in details)
    picture = _tensor_spec(opened.get_input_details()[0])
    _check_tensors(picture, outputs, precision)
    published = with_fast_upsampling(tflite)
    if precision == "int8":
        published = with_fast_input(published)
        picture = _tensor_spec(interpreter(published).get_input_details()[0])
    if not twin or precision in TFLITE_ONLY:
        return Converted(precision, published, None, picture, outputs, {})
    names = {detail["name"]: spec.role for detail, spec in zip(details, outputs, strict=True)}
    made = convert_to_onnx(tflite, names, halves=precision == "float16")
    return Converted(precision, published, made.onnx, picture, outputs, made.tensors)


def _tensor_spec(detail: dict[str, Any]) -> TensorSpec:
    scale, zero_point = detail["quantization"]
    dtype = np.dtype(detail["dtype"]).name
    return TensorSpec(dtype) if dtype == "float32" else TensorSpec(dtype, float(scale), int(zero_point))


def _output_spec(detail: dict[str, Any], role: str) -> OutputSpec:
    tensor = _tensor_spec(detail)
    shape = tuple(int(size) for size in detail["shape"][1:])
    return OutputSpec(tensor.dtype, tensor.scale, tensor.zero_point, role, shape)


def _check_tensors(picture: TensorSpec, outputs: Sequence[OutputSpec], precision: str) -> None:
    """Check the types of input and outputs, and that an input byte b stands for b/255."""
    wanted = ("uint8", "int8") if precision == "int8" else ("float32", "float32")
    if (picture.dtype, {output.dtype for output in outputs}) != (wanted[0], {wanted[1]}):
        raise ExportError(
            f"the {precision} file takes {picture.dtype} and gives {', '.join(o.dtype for o in outputs)}, "
            f"where {wanted[0]} and {wanted[1]} were expected. Use the TensorFlow that lpr[export] installs"
        )
    if precision == "int8" and (picture.scale, picture.zero_point) != (BYTE_SCALE, 0):
        raise ExportError(
            f"the int8 file takes bytes at scale {picture.scale:.9f}, zero point {picture.zero_point}, where 1/255 and "
            "0 were expected. The network must take pictures in [0, 1]"
        )
