"""Convert a TFLite file to an ONNX file with the same integers and scales, and with readable names."""

import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpr_export.base.errors import ExportError
from lpr_export.base.layer_names import layer_of
from lpr_export.base.tensorflow_quiet import load_module, load_tf2onnx
from lpr_export.onnx.float_weights import protect_float_weights, store_float16_weights
from lpr_export.onnx.uint8_activations import OnnxModel, use_uint8_activations

OPSET = 13
"""The first with per-channel DequantizeLinear, so the oldest that can hold an int8 network."""
INPUT = "image"
COUNTED = re.compile(r"__\d+")


@dataclass(frozen=True)
class OnnxCounterpart:
    """An ONNX file made of a TFLite file."""

    onnx: bytes
    tensors: Mapping[str, str]
    """TFLite tensor -> its name in the ONNX file, for tensors that exist in both."""


def convert_to_onnx(tflite: bytes, roles: Mapping[str, str], halves: bool = False) -> OnnxCounterpart:
    """Convert TFLite bytes to ONNX, keeping the quantisation (QDQ format).

    Args:
        tflite: the file's bytes, without a manifest.
        roles: the file's output tensors' names -> their roles, in the file's order. The twin's outputs are called by
            role and stand in that order.
        halves: keep weights in 16 bits, as a float16 file has them.

    Returns:
        The ONNX file's bytes, the same for the same input.

    Raises:
        ExportError: tf2onnx can't convert it, or lost an output.
    """
    model = _by_tf2onnx(tflite)
    found = [output.name for output in model.graph.output]
    if sorted(found) != sorted(roles):
        raise ExportError(f"tf2onnx gave the outputs {', '.join(found)}, where TFLite has {', '.join(roles)}")
    ordered = sorted(model.graph.output, key=lambda output: list(roles).index(output.name))
    _replace(model.graph.output, ordered)
    use_uint8_activations(model)
    protect_float_weights(model)
    if halves:
        store_float16_weights(model)
    names = _plain_names(model, roles)
    nodes = _node_names(model, roles)
    _rename(model, names, nodes)
    made = {output for node in model.graph.node for output in node.output}
    return OnnxCounterpart(_finished(model), {old: new for old, new in names.items() if new in made})


def _by_tf2onnx(tflite: bytes) -> OnnxModel:
    tf2onnx = load_tf2onnx()
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        Path(file.name).write_bytes(tflite)
        try:
            model, _ = tf2onnx.convert.from_tflite(file.name, opset=OPSET)
        except Exception as error:  # tf2onnx raises whatever its many handlers raise
            raise ExportError(
                f"tf2onnx can't convert the network to ONNX ({error}). Build it from layers that lpr's own networks use"
            ) from error
    return model


def _plain_names(model: OnnxModel, roles: Mapping[str, str]) -> dict[str, str]:
    """New names for every tensor: tf2onnx numbers them by a global counter, so the file's bytes would vary."""
    names = {"": "", model.graph.input[0].name: INPUT, **roles}
    _sort_nodes(model)
    for number, node in enumerate(model.graph.node):
        for place, output in enumerate(node.output):
            names.setdefault(output, f"{node.op_type}_{number}" + (f"_{place}" if place else ""))
    used = (name for node in model.graph.node for name in node.input)
    constants = dict.fromkeys(name for name in used if name not in names)
    return names | {name: f"constant_{number}" for number, name in enumerate(constants)}


def _sort_nodes(model: OnnxModel) -> None:
    """Sort nodes topologically, output by output, so that the order is always the same."""
    makers = {output: node for node in model.graph.node for output in node.output}
    done: dict[int, Any] = {}
    waiting = [makers[output.name] for output in reversed(model.graph.output)]
    while waiting:
        node = waiting[-1]
        needed = [makers[name] for name in node.input if name in makers and id(makers[name]) not in done]
        if needed:
            waiting.extend(reversed(needed))
        else:
            done.setdefault(id(waiting.pop()), node)
    _replace(model.graph.node, done.values())


def _node_names(model: OnnxModel, roles: Mapping[str, str]) -> list[str]:
    """Node names of layer, operator and number, so that a profile is readable.

    tf2onnx keeps TFLite's names on outputs of quantisers; the nodes before a quantiser are of the same layer.
    """
    layers: dict[str, str] = {}
    for node in reversed(model.graph.node):
        output = node.output[0]
        if node.op_type == "QuantizeLinear" or output not in layers:
            layers[output] = roles.get(output) or _layer_in(output) or node.op_type
        if node.op_type != "DequantizeLinear":
            for name in node.input:
                layers.setdefault(name, layers[output])
    return [f"{layers[node.output[0]]}/{node.op_type}_{number}" for number, node in enumerate(model.graph.node)]


def _layer_in(name: str) -> str:
    """The layer in a tensor's name; empty for a name that tf2onnx generated."""
    return "" if COUNTED.search(name) else layer_of(name)


def _rename(model: OnnxModel, names: Mapping[str, str], nodes: Iterable[str]) -> None:
    for node, name in zip(model.graph.node, nodes, strict=True):
        node.name = name
        _replace_names(node.input, names)
        _replace_names(node.output, names)
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        value.name = names[value.name]
    _replace(model.graph.initializer, sorted(model.graph.initializer, key=lambda value: value.name))


def _replace_names(field: Any, names: Mapping[str, str]) -> None:
    field[:] = [names[name] for name in field]


def _replace(field: Any, values: Iterable[Any]) -> None:
    """Replace a repeated protobuf field; its messages are copied first, as clearing the field deletes them."""
    copies = [type(value).FromString(value.SerializeToString(deterministic=True)) for value in values]
    del field[:]
    field.extend(copies)


def _finished(model: OnnxModel) -> bytes:
    """Check the ONNX file and remove what depends on this machine."""
    onnx = load_module("onnx", "ONNX")
    del model.graph.value_info[:]
    model.graph.name, model.graph.doc_string = "lpr", ""  # tf2onnx writes the temporary file's name here
    for node in model.graph.node:
        # tf2onnx sets some nodes' domain to the default one, and leaves others' unset, by the order of hashes.
        if node.domain in ("", "ai.onnx"):
            node.ClearField("domain")
    used = {node.domain for node in model.graph.node}
    _replace(model.opset_import, [opset for opset in model.opset_import if opset.domain in used])
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
