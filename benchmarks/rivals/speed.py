"""Networks compared, trained or not: time of one inference, file, parameters and multiply-adds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from lpr_bench.latency.matrix import MIN_MS, noise
from lpr_bench.latency.processes import run_fresh
from lpr_bench.latency.statistics import summarize_ms
from lpr_bench.report.report_rivals import SPEED, speed_row
from lpr_bench.roofline.network_costs import network_cost
from lpr_bench.roofline.roofline import Job, in_turns
from lpr_bench.system.validity import series_faults
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.runtimes.onnx_runtime import OnnxRuntimeEngine
from lpr_edge.runtimes.opening import open_model
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_export.report.text_table import format_table
from rivals import own
from rivals.alphabet import Alphabet
from rivals.commands import installed, run_quietly
from rivals.fast_plate import export, untrained, write_configs
from rivals.nano import SIZES, export_nano
from rivals.onnx_costs import noise_for, onnx_cost

PROCESSES = 5
ROUNDS = 20
"""Of each process; each network is timed once a round, in a new order every round."""
MIN_ROUNDS = 30
SLOTS = 9
"""Signs of the longest plate in fast-plate-ocr's own example."""


@dataclass(frozen=True)
class Network:
    """A file to time."""

    name: str
    path: Path
    precision: str
    trained: bool


def build_networks(folder: Path, alphabet: Alphabet, published: Path | None) -> list[Network]:
    """All networks as files, made where they aren't there.

    Args:
        folder: takes what is made.
        alphabet: of fast-plate-ocr's network.
        published: the article's classifier, float32 `.tflite`; None makes one, two steps trained.

    Raises:
        LprError: a package is missing, or an export fails.
    """
    nano = [
        Network(f"YOLO26n, {size}×{size}", run_fresh(export_nano, folder, size), "float32", False) for size in SIZES
    ]
    return [
        Network("lpr detector, 384×384", shipped_model("detector"), "int8", True),
        *nano,
        Network("lpr reader, 256×128", shipped_model("reader"), "int8", True),
        Network("fast-plate-ocr, 128×64", _peer(folder, alphabet), "float32", False),
        Network("article's classifier, one character", published or _article(folder), "float32", bool(published)),
    ]


def _peer(folder: Path, alphabet: Alphabet) -> Path:
    """fast-plate-ocr's network as its trainer begins with, exported by its own command."""
    path = folder / "peer" / "untrained.onnx"
    if not path.exists():
        configs = write_configs(path.parent, alphabet, SLOTS)
        export(run_fresh(untrained, configs, path.with_suffix(".keras")), configs[1])
    return path


def _article(folder: Path) -> Path:
    """The article's network after two steps: what it takes doesn't depend on what it has learnt."""
    run = folder / "article"
    if not (run / "model.keras").exists():
        few = ["--recipe", "rich", "--epochs", "1", "--steps-per-epoch", "2", "--out", str(run)]
        run_quietly(installed("lpr-train", "characters", "--arch", "baseline", *few))
    return own.export(run, folder)


def measure(networks: Sequence[Network]) -> list[dict[str, Any]]:
    """Time all networks in turns in fresh processes, one thread each, and count what they ask.

    An inference is a ready tensor in, raw outputs out.
    """
    processes = [run_fresh(_measure_here, networks) for _ in range(PROCESSES)]
    return [_describe(network, [times[network.name] for times in processes]) for network in networks]


def _measure_here(networks: Sequence[Network]) -> dict[str, list[float]]:
    jobs = [_job(network) for network in networks]
    once = in_turns(jobs, 3)
    trimmed_mean_of_medians = [job._replace(repeats=max(1, round(MIN_MS / min(once[job.name])))) for job in jobs]
    return in_turns(trimmed_mean_of_medians, ROUNDS)


def _job(network: Network) -> Job:
    """Inferences of one file on noise: what a dense network takes doesn't depend on what it sees."""
    if network.path.suffix == ".onnx":
        engine = OnnxRuntimeEngine(network.path, 1)
        _, tensor = noise_for(import_module("onnx").load(str(network.path)).graph)
        return Job(network.name, lambda: engine.run(tensor))
    model = open_model(network.path, "litert", 1)
    pixels = noise(model.manifest, np.random.default_rng(0))
    return Job(network.name, lambda: model.run(pixels))


def _describe(network: Network, times: Sequence[Sequence[float]]) -> dict[str, Any]:
    pooled = [value for values in times for value in values]
    is_onnx = network.path.suffix == ".onnx"
    cost = onnx_cost(network.path) if is_onnx else network_cost(network.path)
    return {
        "name": network.name,
        "runtime": "onnxruntime" if is_onnx else "litert",
        "precision": network.precision,
        "trained": network.trained,
        "bytes": network.path.stat().st_size,
        "sha256": file_sha256(network.path),
        "parameters": cost.parameters,
        "multiply_adds": cost.multiply_adds,
        "inference_ms": summarize_ms(pooled),
        "faults": series_faults(network.name, pooled, MIN_ROUNDS),
        "raw_ms": times,
    }


def format_speed(cases: Sequence[Mapping[str, Any]]) -> str:
    """A line a network."""
    rows = [[*speed_row(case), "INVALID" if case["faults"] else ""] for case in cases]
    return format_table([*SPEED, ""], rows)
