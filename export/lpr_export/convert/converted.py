"""What a conversion gives: TFLite and ONNX files' bytes of one network, without manifests."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lpr_edge.contract.manifest import OutputSpec, TensorSpec
from lpr_export.onnx.uint8_activations import SHIFT

Ranges = dict[str, tuple[float, float]]
"""Name of a tensor -> the least and the greatest value seen in it."""


@dataclass(frozen=True)
class Converted:
    """One precision of a network, without manifests."""

    precision: str
    tflite: bytes
    onnx: bytes | None
    """None where ONNX can't hold this precision."""
    input_tensor: TensorSpec
    outputs: tuple[OutputSpec, ...]
    """Of the TFLite file, in the order that both files have."""
    tensors: Mapping[str, str]
    """TFLite tensor -> what it is called in the ONNX file, where it is there."""

    @property
    def onnx_outputs(self) -> tuple[OutputSpec, ...]:
        """Of the ONNX file: the same numbers as bytes, see `onnx.uint8_activations`."""
        return tuple(map(_as_byte, self.outputs))


@dataclass(frozen=True)
class Half:
    """What one half of the representative data set gives alone."""

    converted: Converted
    ranges: Ranges
    pictures: int
    """How many it was calibrated on."""


@dataclass(frozen=True)
class Conversion:
    """All that was made of a network."""

    files: tuple[Converted, ...]
    """In the order that was asked for."""
    halves: tuple[Half, ...] = ()
    """Two where int8 was asked for, else none."""
    trials: Mapping[str, Converted] = field(default_factory=dict)
    """Layer -> the int8 file with this layer alone kept in float; only where asked for."""
    calibrated: bytes = b""
    """The float TFLite file that int8 was made of, whose tensors have the same names; empty where it wasn't."""

    def tensors_of(self, precision: str) -> Mapping[str, str]:
        """TFLite tensor -> its name in the ONNX file of a precision."""
        return next(one.tensors for one in self.files if one.precision == precision)


def _as_byte(spec: OutputSpec) -> OutputSpec:
    return replace(spec, dtype="uint8", zero_point=spec.zero_point + SHIFT) if spec.dtype == "int8" else spec
