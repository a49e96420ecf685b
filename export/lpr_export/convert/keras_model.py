"""Load the float network and check it against its card."""

import re
from pathlib import Path
from typing import Any, TypeAlias

from lpr_edge.contract.manifest import Manifest
from lpr_edge.contract.run.model_types import MODEL_TYPES
from lpr_export.base.errors import ExportError
from lpr_export.base.tensorflow_quiet import load_keras

KerasModel: TypeAlias = Any
"""A `keras.Model`; Keras ships no types."""


def load_network(path: Path, card: Manifest) -> KerasModel:
    """Load `model.keras` and check input, outputs and labels against its card.

    Raises:
        ExportError: it can't be loaded, has a custom layer, a dynamic shape, other outputs than its kind has, or
            labels that don't match its head.
    """
    keras = load_keras()
    try:
        model = keras.models.load_model(path, compile=False)
    except (TypeError, ValueError, OSError) as error:
        raise ExportError(_describe_load_error(path, str(error))) from error
    check_input(model, path, card)
    check_outputs(model, path, card)
    return model


def _describe_load_error(path: Path, message: str) -> str:
    custom = re.search(r"Could not locate (?:class|function) '(\w+)'", message)
    name = custom.group(1) if custom else "Lambda" if "`Lambda` layer" in message else None
    if name:
        return (
            f"{path} has a custom layer, {name}, which TFLite's built-in operators can't stand for. "
            "Build the network from Keras' own layers"
        )
    first = next(iter(message.strip().splitlines()), "no reason given")
    return f"{path} is no Keras 3 model, or is damaged ({first}). Train the run again with lpr-train"


def check_input(model: KerasModel, path: Path, card: Manifest) -> None:
    """Check that a network has one input, a picture of the card's size.

    Args:
        model: the network.
        path: its file, for the message.
        card: the manifest that the run made.

    Raises:
        ExportError: it has several inputs, a dynamic one, or one of another size.
    """
    if len(model.inputs) != 1:
        raise ExportError(f"{path} has {len(model.inputs)} inputs, and lpr's networks take one picture")
    shape = tuple(model.inputs[0].shape[1:])
    if None in shape:
        raise ExportError(
            f"{path} takes pictures of the dynamic shape {shape}, and int8 needs a fixed one. "
            f"Build it with keras.Input({_input_shape(card)})"
        )
    if shape != _input_shape(card):
        raise ExportError(
            f"{path} takes pictures of shape {shape}, and its model.json says {_input_shape(card)}. "
            "Keep the two files of one run together"
        )


def _input_shape(card: Manifest) -> tuple[int, int, int]:
    return (*card.input.size_hw, card.input.channels)


def check_outputs(model: KerasModel, path: Path, card: Manifest) -> None:
    """Check that a network has the outputs of its kind.

    Args:
        model: the network.
        path: its file, for the message.
        card: the manifest that the run made.

    Raises:
        ExportError: outputs are missing, unnamed or of dynamic shape, or the labels don't match the head.
    """
    expected, optional = MODEL_TYPES[card.kind].roles, MODEL_TYPES[card.kind].optional_roles
    found = sorted(model.output) if isinstance(model.output, dict) else []
    if sorted({*found} - {*optional}) != sorted(expected):
        raise ExportError(
            f"{path} has the outputs {', '.join(found) or 'without names'}, and a {card.kind} has "
            f"{', '.join(expected)}. Give keras.Model a dict of them"
        )
    shapes = {role: tuple(output.shape[1:]) for role, output in model.output.items()}
    for role, shape in shapes.items():
        if None in shape:
            raise ExportError(
                f"the output {role!r} of {path} has the dynamic shape {shape}, and int8 needs a fixed one"
            )
    check_labels(shapes, path, card)


def check_labels(shapes: dict[str, tuple[int, ...]], path: Path, card: Manifest) -> None:
    """Check that there is one label per class of the output.

    Args:
        shapes: role -> shape of the output, without the batch axis.
        path: the network's file, for the message.
        card: the manifest that the run made.

    Raises:
        ExportError: their counts differ.
    """
    head = MODEL_TYPES[card.kind].labels_role
    if head and shapes[head][-1] != len(card.labels):
        raise ExportError(
            f"the head {head!r} of {path} has {shapes[head][-1]} classes, and model.json has "
            f"{len(card.labels)} labels. Keep the two files of one run together"
        )
