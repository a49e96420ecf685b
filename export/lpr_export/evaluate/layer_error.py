"""Quantisation error per layer: noise, saturation, time, and gain and cost of the layer in float."""

import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Image
from lpr_edge.runtimes.onnx_runtime import session_options
from lpr_export.base.layer_names import layer_of
from lpr_export.base.tensorflow_quiet import load_module
from lpr_export.evaluate.gate import Verdict
from lpr_export.evaluate.parity import Progress, Subject, measure, run_cases
from lpr_export.evaluate.task_metrics import TaskMetrics
from lpr_export.onnx.first_divergence import TfliteTrace

COMPARED_PICTURES = 16
"""Number of pictures whose tensors are compared; each has thousands of values."""
PROFILE_RUNS = 50
"""Number of runs; a layer's time is their median."""


@dataclass(frozen=True)
class Layer:
    """A layer of the int8 network compared with that of the float one."""

    name: str
    operator: str
    signal_to_noise_db: float
    """Power of the float values over power of the int8 errors, which include those of the layers before."""
    saturated: float
    """Share of float values outside of the range of the layer's integers."""
    milliseconds: float | None
    """In ONNX Runtime on one thread; None for a layer fused into another."""
    wins: Mapping[str, float]
    """Metric -> gain in percentage points with only this layer in float."""
    costs_ms: float
    """Additional time of the whole network in LiteRT with this layer in float."""
    costs_bytes: int


@dataclass(frozen=True)
class LayerErrors:
    """Every layer, in the network's order."""

    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Trial:
    """The int8 file with one layer in float."""

    subject: Subject
    """The opened file, before `run_cases`."""
    larger: int
    """Additional bytes of the file."""


def explain(
    trials: Mapping[str, Trial], verdict: Verdict, calibrated: Path, metrics: TaskMetrics, progress: Progress = iter
) -> LayerErrors:
    """Measure every layer of the int8 file.

    Args:
        trials: layer -> the int8 file with this layer in float.
        verdict: of the first held-out set.
        calibrated: the float TFLite file that int8 was made of.
        metrics: those of the network's kind.
        progress: wraps the pictures, for a progress bar.
    """
    cases = verdict.held_out.cases
    int8 = next(row for row in verdict.rows if row.subject.precision == "int8").subject.fresh()
    roles = [output.role for output in int8.model.manifest.outputs]
    # All files in turn on each picture, so that other load on the machine slows all of them equally.
    run_cases([int8, *(trial.subject for trial in trials.values())], cases, metrics, progress)
    tried = {layer: _tried(trial, int8, verdict, metrics) for layer, trial in trials.items()}
    pictures = [case.pixels(int8.model.manifest) for case in cases[:COMPARED_PICTURES]]
    plain, quantised = TfliteTrace(calibrated), TfliteTrace(int8.path, roles)
    noises = _noises(plain, quantised, pictures)
    twin = int8.path.with_suffix(".onnx")
    times = profile(twin, pictures[0]) if twin.is_file() else {}
    found = [
        (layer_of(name, quantised.roles), operator, *noises[name])
        for name, (operator, _) in quantised.operators.items()
        if name in noises
    ]
    return LayerErrors(tuple(Layer(*one, times.get(one[0]), *tried.get(one[0], ({}, 0.0, 0))) for one in found))


def _tried(trial: Trial, int8: Subject, verdict: Verdict, metrics: TaskMetrics) -> tuple[dict[str, float], float, int]:
    """Gain per metric in percentage points, and cost in milliseconds and bytes, of a layer in float."""
    cases = verdict.held_out.cases
    pairs = zip(measure(trial.subject, cases, metrics), measure(int8, cases, metrics), strict=True)
    wins = {after.metric: -after.drop(before) for after, before in pairs}
    slower = statistics.median(trial.subject.milliseconds) - statistics.median(int8.milliseconds)
    return wins, slower, trial.larger


def _noises(plain: TfliteTrace, quantised: TfliteTrace, pictures: Sequence[Image]) -> dict[str, tuple[float, float]]:
    """Tensor -> signal-to-noise ratio in dB and share of saturated values, over all pictures."""
    sums: dict[str, AnyArray] = {}
    for pixels in pictures:
        true, found = plain.run(pixels / np.float32(255)), quantised.run(pixels)
        for name in quantised.operators.keys() & plain.operators.keys():
            sums[name] = sums.get(name, np.zeros(4)) + _powers(true[name], found[name], _meaning(quantised, name))
    return {name: (_decibel(s[0], s[1]), float(s[2] / s[3])) for name, s in sums.items()}


def _meaning(trace: TfliteTrace, name: str) -> tuple[float, int, int, int]:
    """Scale, zero point, smallest and largest integer of a tensor; scale 0 for a float tensor."""
    detail = trace.details[trace.operators[name][1]]
    scale, zero = detail["quantization"]
    if not scale:
        return 0.0, 0, 0, 0
    limits = np.iinfo(detail["dtype"])
    return float(scale), int(zero), int(limits.min), int(limits.max)


def _powers(true: AnyArray, actual: AnyArray, meaning: tuple[float, int, int, int]) -> AnyArray:
    """(4,) sums over a tensor: signal power, noise power, saturated values, values."""
    scale, zero, least, greatest = meaning
    values = actual.astype(np.float64)
    saturated = 0
    if scale:
        values = (values - zero) * scale
        low, high = (least - zero - 1) * scale, (greatest - zero + 1) * scale
        saturated = int(((true < low) | (true > high)).sum())
    noise = true.astype(np.float64) - values.reshape(true.shape)
    return np.array([(true.astype(np.float64) ** 2).sum(), (noise**2).sum(), saturated, true.size])


def _decibel(signal: float, noise: float) -> float:
    """Signal-to-noise ratio in dB, at most 200."""
    return float(10 * np.log10(max(signal, 1e-20) / max(noise, 1e-20 * max(signal, 1e-20)))) if signal else 0.0


def profile(onnx: Path, pixels: Image) -> dict[str, float]:
    """Layer -> milliseconds in ONNX Runtime for inputs (N, H, W, C) uint8; nodes are named after layers."""
    runtime = load_module("onnxruntime", "ONNX Runtime")
    options = session_options(runtime, threads=1)
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = f"{folder}/profile"
        session = runtime.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])
        for _ in range(PROFILE_RUNS):
            session.run(None, {session.get_inputs()[0].name: pixels})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return _by_layer(events)


def _by_layer(events: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    nodes: dict[str, list[float]] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            nodes.setdefault(event["name"], []).append(event["dur"] / 1000)
    times: dict[str, float] = {}
    for node, durations in nodes.items():
        layer = node.partition("/")[0]
        times[layer] = times.get(layer, 0.0) + statistics.median(durations)
    return times
