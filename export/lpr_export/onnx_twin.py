"""The ONNX twin of a TFLite file: the same integers at the same scales, under names that people can read."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lpr_export.errors import ExportError
from lpr_export.onnx_bytes import OnnxModel, use_bytes
from lpr_export.tensorflow_quiet import load_module, load_tf2onnx

OPSET = 13
"""The first with per-channel DequantizeLinear, so the oldest that can hold an int8 network: ONNX Runtime 1.7 (2021)
and OpenCV 4.6 (2022) load it."""
INPUT = "image"


def make_twin(tflite: bytes, roles: Mapping[str, str]) -> bytes:
    """Convert TFLite bytes to ONNX with quantisation as it is (QDQ).

    Args:
        tflite: the file's bytes, without a manifest.
        roles: the file's output tensors' names -> their roles, in the file's order. The twin's outputs are called by
            role and stand in that order.

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
    use_bytes(model)
    _rename(model, _plain_names(model, roles))
    return _finished(model)


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
    """New names for every tensor: tf2onnx numbers them by a counter that the process shares, so bytes would vary."""
    names = {"": "", model.graph.input[0].name: INPUT, **roles}
    _sort_nodes(model)
    for number, node in enumerate(model.graph.node):
        for place, output in enumerate(node.output):
            names.setdefault(output, f"{node.op_type}_{number}" + (f"_{place}" if place else ""))
    used = (name for node in model.graph.node for name in node.input)
    constants = dict.fromkeys(name for name in used if name not in names)
    return names | {name: f"constant_{number}" for number, name in enumerate(constants)}


def _sort_nodes(model: OnnxModel) -> None:
    """Put nodes in the order in which the outputs, one after the other, need them."""
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


def _rename(model: OnnxModel, names: Mapping[str, str]) -> None:
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"
        _replace_names(node.input, names)
        _replace_names(node.output, names)
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        value.name = names[value.name]
    _replace(model.graph.initializer, sorted(model.graph.initializer, key=lambda value: value.name))


def _replace_names(field: Any, names: Mapping[str, str]) -> None:
    field[:] = [names[name] for name in field]


def _replace(field: Any, values: Iterable[Any]) -> None:
    """Replace a repeated protobuf field; its messages are copied first, as clearing it empties them."""
    copies = [type(value).FromString(value.SerializeToString(deterministic=True)) for value in values]
    del field[:]
    field.extend(copies)


def _finished(model: OnnxModel) -> bytes:
    """Check the twin and drop what only tells of this machine."""
    onnx = load_module("onnx", "ONNX")
    del model.graph.value_info[:]
    model.graph.name, model.graph.doc_string = "lpr", ""  # tf2onnx writes the temporary file's name here
    used = {node.domain for node in model.graph.node}
    _replace(model.opset_import, [opset for opset in model.opset_import if opset.domain in used])
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
