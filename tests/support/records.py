"""Made-up results, so that statistics and pages are tested without a clock."""

from typing import Any

import numpy as np

PERIOD = 20
ENVIRONMENT = {"board": "Board A", "cpu": "made up", "cores": 4, "architecture": "aarch64", "system": "Debian"}


def frames_record(
    seed: int, slower: float = 0.0, noise: float = 0.015, processes: int = 8, board: str = "Board A"
) -> dict[str, Any]:
    """Whole frames as a machine with noise between frames, and between processes, would time them."""
    rng = np.random.default_rng(seed)
    shares = [_share(rng, share, slower, noise, processes) for share in (0.0, 0.5, 1.0)]
    model = {"file": "a.tflite", "sha256": "1" * 64, "runtime": "litert", "runtime_version": "2.3"}
    return {
        "benchmark": "frames",
        "board": board,
        "environment": {**ENVIRONMENT, "board": board},
        "models": [model],
        "threads": 1,
        "period": PERIOD,
        "shares": shares,
        "starting": {"first_reading_s": 0.4, "peak_memory_mb": {"one picture": 150.0}},
        "validity": {"valid": True, "invalid_because": []},
    }


def _share(rng: np.random.Generator, share: float, slower: float, noise: float, processes: int) -> dict[str, Any]:
    made = [_process(rng, share, slower, noise) for _ in range(processes)]
    whole = [value for process in made for value in process["whole"]]
    figures = {f"p{q}": float(np.percentile(whole, q)) for q in (50, 90, 99)}
    return {
        "share_with_plate": share,
        "frames": len(whole),
        "frames_per_second": 1000 / float(np.mean(whole)),
        "stages_ms": {"whole": figures},
        "processes": made,
    }


def _process(rng: np.random.Generator, share: float, slower: float, noise: float) -> dict[str, Any]:
    """A frame takes 4 ms, a plate 2 more, each picture some per cent of its own; one in thirty is interrupted."""
    machine = rng.lognormal(0, 0.05)  # a faster or slower minute, which the yardstick sees too
    count = 3 * PERIOD
    places = np.arange(count) % PERIOD
    picture = 1 + 0.1 * np.sin(places)
    plates = (places + 1) * share // 1 - places * share // 1
    own = rng.lognormal(0, noise)
    frame = (4 + 2 * plates) * picture * own * (1 + slower) * machine * rng.lognormal(0, 0.03, count)
    frame[rng.random(count) < 1 / 30] += 5
    yardstick = 0.2 * machine * rng.lognormal(0, 0.03, count)
    return {"whole": frame.tolist(), "yardstick": yardstick.tolist()}


def latency_record(seed: int, slower: float = 0.0) -> dict[str, Any]:
    """Two cases of a made-up network in turns."""
    rng = np.random.default_rng(seed)
    yardsticks = [(0.2 * rng.lognormal(0, 0.02, 12)).tolist() for _ in range(5)]
    return {
        "benchmark": "latency",
        "board": "Board A",
        "environment": ENVIRONMENT,
        "models": [{"file": "a.tflite", "sha256": "1" * 64}],
        "reference": {"path": "a.tflite", "runtime": "litert", "threads": 1},
        "cases": [_case(rng, threads, slower) for threads in (1, 2)],
        "yardstick_ms": yardsticks,
        "refused": [],
        "validity": {"valid": True, "invalid_because": []},
    }


def _case(rng: np.random.Generator, threads: int, slower: float) -> dict[str, Any]:
    raw = [((1 + slower) / threads * rng.lognormal(0, 0.02, 12)).tolist() for _ in range(5)]
    pooled = [value for values in raw for value in values]
    return {
        "path": "a.tflite",
        "runtime": "litert",
        "threads": threads,
        "kind": "classifier",
        "sha256": "1" * 64,
        "inference_ms": {f"p{q}": float(np.percentile(pooled, q)) for q in (50, 90, 99)},
        "ratio_to_reference": [1.0, 0.99, 1.01],
        "faults": [],
        "raw_ms": raw,
    }
