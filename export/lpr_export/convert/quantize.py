"""Calibrate a float TFLite file's activation ranges, and quantise it with them.

These are two steps of TensorFlow's converter. Calibration runs the network once per picture; quantisation is cheap. So
each half of the representative data set is calibrated once, and merging the ranges gives those of the whole set.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_export.base.tensorflow_quiet import load_module, load_tensorflow
from lpr_export.convert.add_scales import has_range, with_aligned_add_scales
from lpr_export.convert.converted import Ranges


@dataclass(frozen=True)
class Calibrated:
    """A float TFLite file with the ranges of its activations in it."""

    model: Any
    """A `ModelT`, as TensorFlow's flatbuffer tools have it."""

    @property
    def ranges(self) -> Ranges:
        """Minimum and maximum of every activation tensor."""
        return {
            tensor.name.decode(): (float(tensor.quantization.min[0]), float(tensor.quantization.max[0]))
            for tensor in self.model.subgraphs[0].tensors
            if has_range(tensor)
        }


def calibrate(tflite: bytes, pictures: Sequence[Image]) -> Calibrated:
    """Run a float file on pictures, (H, W, C) uint8 each, and record the range of every activation.

    Raises:
        ExportError: TensorFlow isn't installed.
    """
    load_tensorflow()
    calibrator = load_module("tensorflow.lite.python.optimize.calibrator", "TensorFlow")
    tools = load_module("tensorflow.lite.tools.flatbuffer_utils", "TensorFlow")
    watched = calibrator.Calibrator(calibrator.add_intermediate_tensors(tflite))
    model = tools.convert_bytearray_to_object(watched.calibrate(lambda: _inputs(pictures)))
    # An input byte b must stand for exactly b/255, whatever the darkest and brightest pixels are: the device passes
    # camera bytes unchanged.
    picture = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].quantization
    picture.min, picture.max = np.zeros(1, np.float32), np.ones(1, np.float32)
    return Calibrated(model)


def _inputs(pictures: Sequence[Image]) -> Iterator[list[Floats]]:
    for picture in pictures:
        yield [np.asarray(picture[np.newaxis] / np.float32(255), np.float32)]


def merge(a: Calibrated, b: Calibrated) -> Calibrated:
    """Combine the ranges of two calibrations of one file: the same as calibrating on the pictures of both."""
    merged = copy.deepcopy(a.model)
    for tensor, other in zip(merged.subgraphs[0].tensors, b.model.subgraphs[0].tensors, strict=True):
        if has_range(tensor):
            tensor.quantization.min = np.minimum(tensor.quantization.min, other.quantization.min)
            tensor.quantization.max = np.maximum(tensor.quantization.max, other.quantization.max)
    return Calibrated(merged)


def quantise(calibrated: Calibrated, float_tensors: Sequence[str] = ()) -> bytes:
    """Quantise to full-integer int8, weights per channel, bytes in and int8 out.

    Args:
        calibrated: the file with its ranges.
        float_tensors: outputs of the operators that stay in float, between a dequantiser and a quantiser.

    Returns:
        The TFLite file's bytes. An operator without int8 kernel stays in float too: `operator_versions` detects it.
    """
    tensorflow = load_tensorflow()
    convert = load_module("tensorflow.lite.python.convert", "TensorFlow")
    tools = load_module("tensorflow.lite.tools.flatbuffer_utils", "TensorFlow")
    made = convert.mlir_quantize(
        bytes(tools.convert_object_to_bytearray(with_aligned_add_scales(calibrated.model))),
        input_data_type=tensorflow.uint8,
        output_data_type=tensorflow.int8,
        denylisted_nodes=list(float_tensors) or None,
    )
    return bytes(convert.deduplicate_readonly_buffers(bytes(made)))
