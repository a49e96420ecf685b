"""Keras layer names for the tensors of a TFLite file."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from lpr_export.base.errors import ExportError

FOLDED = ("batch_normalization", "re_lu", "relu", "activation")
"""Prefixes of layers that the converter folds into the layer before; their names come first in a tensor's name."""


def layer_of(tensor: str, roles: Mapping[str, str] | None = None) -> str:
    """The Keras layer that a TFLite tensor comes from.

    Args:
        tensor: its name in the file.
        roles: name of each output tensor -> its role, which is the layer's name; the tensor's name doesn't contain it.

    The converter joins the names of all that it fused, as in
    `reader/re_lu_5_1/Relu6;reader/batch_normalization_5_1/batchnorm/add_1;reader/conv2d_5_1/convolution`: here
    `conv2d_5`. A tensor without such names keeps its own.
    """
    # A layer that stays in float gives a tensor of its output's name and one more digit, which is then quantised.
    for name in (tensor, tensor[:-1]):
        if roles and name in roles:
            return roles[name]
    scopes = [parts[1] for part in tensor.split(";") if len(parts := part.split("/")) > 2]
    descriptive = [scope for scope in scopes if not scope.startswith(FOLDED)]
    return _without_count((descriptive or scopes or [tensor])[0])


def _without_count(scope: str) -> str:
    """Remove the number that Keras' export appends to every layer's scope."""
    name, _, number = scope.rpartition("_")
    return name if name and number.isdigit() else scope


def find_tensors(layers: Sequence[str], tensors: Iterable[str], roles: Mapping[str, str]) -> list[str]:
    """The output tensors of layers given by name.

    Args:
        layers: names that the user gave.
        tensors: names of all tensors of the graph.
        roles: tensor name -> role, for outputs.

    Raises:
        ExportError: there is no such layer; the message suggests the nearest names.
    """
    by_layer: dict[str, list[str]] = {}
    for tensor in tensors:
        by_layer.setdefault(layer_of(tensor, roles), []).append(tensor)
    unknown = [name for name in layers if name not in by_layer]
    if unknown:
        near = difflib.get_close_matches(unknown[0], by_layer, 3, 0.0)
        raise ExportError(
            f"the network has no layer {unknown[0]!r} to keep in float: it has {', '.join(near)} and others; "
            "--explain names them all"
        )
    return [tensor for name in layers for tensor in by_layer[name]]
