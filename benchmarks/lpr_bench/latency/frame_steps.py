"""Where a frame's time goes: every step of the device's own run, timed in place."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from statistics import median
from time import perf_counter
from typing import Any

from lpr_edge.contract.arrays import Image
from lpr_edge.vision.pipeline import PlatePipeline

STEPS = {
    "network": (
        ("lpr_edge.runtimes.tflite", "TfliteEngine", "run"),
        ("lpr_edge.runtimes.onnx_runtime", "OnnxRuntimeEngine", "run"),
        ("lpr_edge.runtimes.opencv_dnn", "OpenCvEngine", "run"),
    ),
    "frame to input": (("lpr_edge.vision.detector", "", "prepare"),),
    "plate to input": (("lpr_edge.vision.reader", "", "prepare_plate"),),
    "heads to plates": (("lpr_edge.vision.detector", "", "decode_plates"),),
    "heads to characters": (("lpr_edge.vision.reader", "", "decode_characters"),),
    "characters to text": (("lpr_edge.text.decoding", "PlateDecoder", "decode"),),
}
"""Step -> the functions that do it: module, class or nothing, name. None of them calls another."""

Spent = dict[str, float]
"""Seconds by step."""


@contextmanager
def timed_steps() -> Iterator[Spent]:
    """Time the steps while the block runs; each adds to its entry of what is given.

    A step costs two readings of the clock and one call more, together some tenths of a microsecond.

    Yields:
        Seconds by step, to be read and set to zero by the caller.
    """
    spent = dict.fromkeys(STEPS, 0.0)
    kept = []
    for step, functions in STEPS.items():
        for module, owner, name in functions:
            place = importlib.import_module(module)
            place = getattr(place, owner) if owner else place
            kept.append((place, name, getattr(place, name)))
            setattr(place, name, _timed(getattr(place, name), step, spent))
    try:
        yield spent
    finally:
        for place, name, function in kept:
            setattr(place, name, function)


def _timed(function: Callable[..., Any], step: str, spent: Spent) -> Callable[..., Any]:
    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        start = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent[step] += perf_counter() - start

    return run


def profile_frames(device: PlatePipeline, frames: Sequence[Image]) -> dict[str, Any]:
    """Read frames with every step timed.

    Returns:
        Milliseconds a frame of each step and of what lies between them (medians, and raw), and the share of the whole
        that lies outside the networks.
    """
    raw: dict[str, list[float]] = {step: [] for step in (*STEPS, "between", "whole")}
    with timed_steps() as spent:
        for frame in frames:
            spent.update(dict.fromkeys(STEPS, 0.0))
            start = perf_counter()
            device.read(frame)
            whole = perf_counter() - start
            raw["whole"].append(round(1000 * whole, 5))
            raw["between"].append(round(1000 * (whole - sum(spent.values())), 5))
            for step, seconds in spent.items():
                raw[step].append(round(1000 * seconds, 5))
    outside = [whole - network for whole, network in zip(raw["whole"], raw["network"], strict=True)]
    return {
        "steps_ms": {step: median(values) for step, values in raw.items()},
        "outside_networks": median(o / w for o, w in zip(outside, raw["whole"], strict=True)),
        "raw_ms": raw,
    }
