"""Results of a conversion: the bytes of a network's TFLite and ONNX files, without manifests."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from lpr_edge.contract.manifest import OutputSpec, TensorSpec
from lpr_export.onnx.uint8_activations import SHIFT

Spec = TypeVar("Spec", TensorSpec, OutputSpec)
Ranges = dict[str, tuple[float, float]]
"""Tensor name -> smallest and largest value during calibration."""


@dataclass(frozen=True)
class Converted:
    """One precision of a network, without manifests."""

    precision: str
    tflite: bytes
    onnx: bytes | None
    """None for a precision that ONNX doesn't have."""
    input_tensor: TensorSpec
    """Input of the TFLite file: int8 where it is quantised, see `convert.fast_input`."""
    outputs: tuple[OutputSpec, ...]
    """Outputs of the TFLite file; the ONNX file has the same order."""
    tensors: Mapping[str, str]
    """TFLite tensor -> its name in the ONNX file, for tensors that exist in both."""

    @property
    def onnx_input(self) -> TensorSpec:
        """Input of the ONNX file: bytes instead of int8."""
        return _as_byte(self.input_tensor)

    @property
    def onnx_outputs(self) -> tuple[OutputSpec, ...]:
        """Outputs of the ONNX file: uint8 instead of int8, see `onnx.uint8_activations`."""
        return tuple(map(_as_byte, self.outputs))


@dataclass(frozen=True)
class Half:
    """The int8 file calibrated on one half of the representative data set."""

    converted: Converted
    ranges: Ranges
    pictures: int
    """Number of pictures it was calibrated on."""


@dataclass(frozen=True)
class Conversion:
    """All files that were converted from one network."""

    files: tuple[Converted, ...]
    """In the requested order."""
    halves: tuple[Half, ...] = ()
    """Two with int8, else none."""
    trials: Mapping[str, Converted] = field(default_factory=dict)
    """Layer -> the int8 file with only this layer in float; empty unless requested."""
    calibrated: bytes = b""
    """The float TFLite file that int8 was made from, with the same tensor names; empty without int8."""

    def tensors_of(self, precision: str) -> Mapping[str, str]:
        """TFLite tensor -> its name in the ONNX file of a precision."""
        return next(one.tensors for one in self.files if one.precision == precision)


def _as_byte(spec: Spec) -> Spec:
    return replace(spec, dtype="uint8", zero_point=spec.zero_point + SHIFT) if spec.dtype == "int8" else spec
