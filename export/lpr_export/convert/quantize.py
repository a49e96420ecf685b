"""Activation ranges of a float TFLite file, and its quantisation with them. TensorFlow runs here.

The converter's two steps, apart: calibrating costs a run of the network for each picture, quantising almost nothing.
So both halves of the representative data set are calibrated once, and all of it is what the two together have seen.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import Floats, Image
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
        """Of every tensor that was watched."""
        return {
            tensor.name.decode(): (float(tensor.quantization.min[0]), float(tensor.quantization.max[0]))
            for tensor in self.model.subgraphs[0].tensors
            if has_range(tensor)
        }


def calibrate(tflite: bytes, pictures: Sequence[Image]) -> Calibrated:
    """Run a float file on pictures (H, W, C) uint8, and note the range of every activation.

    Raises:
        ExportError: TensorFlow isn't installed.
    """
    load_tensorflow()
    calibrator = load_module("tensorflow.lite.python.optimize.calibrator", "TensorFlow")
    tools = load_module("tensorflow.lite.tools.flatbuffer_utils", "TensorFlow")
    watched = calibrator.Calibrator(calibrator.add_intermediate_tensors(tflite))
    model = tools.convert_bytearray_to_object(watched.calibrate(lambda: _inputs(pictures)))
    # Byte b is to mean exactly b/255, whether or not a picture has a black and a white pixel: the device hands camera
    # bytes over as they are.
    picture = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].quantization
    picture.min, picture.max = np.zeros(1, np.float32), np.ones(1, np.float32)
    return Calibrated(model)


def _inputs(pictures: Sequence[Image]) -> Iterator[list[Floats]]:
    for picture in pictures:
        yield [np.asarray(picture[np.newaxis] / np.float32(255), np.float32)]


def merge(a: Calibrated, b: Calibrated) -> Calibrated:
    """As if the file had been calibrated on the pictures of both: the ranges are the least and the greatest seen."""
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
        The TFLite file's bytes. An operator without an int8 kernel stays in float too: `operators` looks for those.
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
