"""Where int8 loses, layer by layer: noise, saturation, time, and what the layer in float would win and cost."""

import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import AnyArray, Image
from lpr_edge.runtimes.onnx_runtime import session_options
from lpr_export.base.layer_names import layer_of
from lpr_export.base.tensorflow_quiet import load_module
from lpr_export.evaluate.gate import Verdict
from lpr_export.evaluate.parity import Progress, Subject, measure, run_cases
from lpr_export.evaluate.task_metrics import TaskMetrics
from lpr_export.onnx.first_divergence import TfliteTrace

COMPARED_PICTURES = 16
"""Pictures whose tensors are compared: each has thousands of values."""
PROFILE_RUNS = 50
"""Runs that a layer's time is the median of."""


@dataclass(frozen=True)
class Layer:
    """A layer of the int8 network beside the float one's."""

    name: str
    operator: str
    signal_to_noise_db: float
    """Power of the float values over that of int8's errors, all errors of the layers before included."""
    saturated: float
    """Share of float values beyond what the layer's integers can say."""
    milliseconds: float | None
    """In ONNX Runtime, one thread; None where it is fused into another layer."""
    wins: Mapping[str, float]
    """Metric -> points won by keeping this layer alone in float."""
    costs_ms: float
    """Time that this costs the whole network in LiteRT."""
    costs_bytes: int


@dataclass(frozen=True)
class LayerErrors:
    """Every layer, in the network's order."""

    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Trial:
    """The int8 file with one layer in float."""

    subject: Subject
    """Not asked yet."""
    larger: int
    """Bytes more than without."""


def explain(
    trials: Mapping[str, Trial], verdict: Verdict, calibrated: Path, metrics: TaskMetrics, progress: Progress = iter
) -> LayerErrors:
    """Measure every layer of the int8 file.

    Args:
        trials: by layer.
        verdict: on the first held-out set.
        calibrated: the float TFLite file that int8 was made of.
        metrics: those of the network's kind.
        progress: goes through the pictures.
    """
    cases = verdict.held_out.cases
    int8 = next(row for row in verdict.rows if row.subject.precision == "int8").subject.fresh()
    roles = [output.role for output in int8.model.manifest.outputs]
    # In turn on each picture, so that whatever else the machine does slows all alike.
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
    """What a layer in float wins in points a metric, and costs in milliseconds and bytes."""
    cases = verdict.held_out.cases
    pairs = zip(measure(trial.subject, cases, metrics), measure(int8, cases, metrics), strict=True)
    wins = {after.metric: -after.drop(before) for after, before in pairs}
    slower = statistics.median(trial.subject.milliseconds) - statistics.median(int8.milliseconds)
    return wins, slower, trial.larger


def _noises(plain: TfliteTrace, quantised: TfliteTrace, pictures: Sequence[Image]) -> dict[str, tuple[float, float]]:
    """Tensor -> signal to noise in dB and share of saturated values, over all pictures."""
    sums: dict[str, AnyArray] = {}
    for pixels in pictures:
        true, found = plain.run(pixels / np.float32(255)), quantised.run(pixels)
        for name in quantised.operators.keys() & plain.operators.keys():
            sums[name] = sums.get(name, np.zeros(4)) + _powers(true[name], found[name], _meaning(quantised, name))
    return {name: (_decibel(s[0], s[1]), float(s[2] / s[3])) for name, s in sums.items()}


def _meaning(trace: TfliteTrace, name: str) -> tuple[float, int, int, int]:
    """Scale, zero point, least and greatest integer; scale 0 where the tensor is float."""
    detail = trace.details[trace.operators[name][1]]
    scale, zero = detail["quantization"]
    if not scale:
        return 0.0, 0, 0, 0
    limits = np.iinfo(detail["dtype"])
    return float(scale), int(zero), int(limits.min), int(limits.max)


def _powers(true: AnyArray, found: AnyArray, meaning: tuple[float, int, int, int]) -> AnyArray:
    """Sums over a tensor: signal's power, noise's power, saturated values, values."""
    scale, zero, least, greatest = meaning
    values = found.astype(np.float64)
    saturated = 0
    if scale:
        values = (values - zero) * scale
        low, high = (least - zero - 1) * scale, (greatest - zero + 1) * scale
        saturated = int(((true < low) | (true > high)).sum())
    noise = true.astype(np.float64) - values.reshape(true.shape)
    return np.array([(true.astype(np.float64) ** 2).sum(), (noise**2).sum(), saturated, true.size])


def _decibel(signal: float, noise: float) -> float:
    """10 log10 of the ratio, at most 200."""
    return float(10 * np.log10(max(signal, 1e-20) / max(noise, 1e-20 * max(signal, 1e-20)))) if signal else 0.0


def profile(onnx: Path, pixels: Image) -> dict[str, float]:
    """Milliseconds of each layer of an ONNX file in ONNX Runtime, whose nodes are named after layers."""
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
