"""The tables of archives and of training on two machines, from their result files."""

import json
from pathlib import Path
from statistics import median
from typing import Any

from tools.docs.results import table

RESULTS = Path("benchmarks") / "results"
THROUGHPUT = RESULTS / "archives" / "throughput.json"
MACHINES = RESULTS / "training" / "two-machines.json"
MIB = 1 << 20


def throughput(repository: Path) -> str:
    """What pictures cost in the single process and in a worker."""
    path = repository / THROUGHPUT
    if not path.exists():
        return "Not measured yet. `make archives` measures it."
    result = json.loads(path.read_text(encoding="utf-8"))
    costs = {command: picture_cost(result, command) for command in ("lpr-edge", "lpr-batch")}
    shown = {"lpr-edge": "`lpr-edge --source`, one process", "lpr-batch": "`lpr-batch --workers 1`"}
    rows = [
        [shown[command], f"{1000 * cpu_s:.1f}", f"{1000 * wall_s:.1f}", f"{start_s:.1f}"]
        for command, (cpu_s, wall_s, start_s) in costs.items()
    ]
    share = costs["lpr-edge"][0] / costs["lpr-batch"][0]
    rounds = len(result["runs"]) // len(costs)
    text = (
        f"By CPU time, a core reads {100 * share:.0f} % of the pictures that it reads in the single process. "
        f"Both read the same {result['pictures']} pictures on one core, in turns, {rounds} rounds, medians; a block of "
        f"{result['block']} came before the clock was started. Ray's own processes count. They take their time by the "
        "second, whatever the number of workers, so other load on the machine makes them seem dearer: the load average "
        f"was {min(result['load_average']):.1f} to {max(result['load_average']):.1f} on {result['cores']} cores."
    )
    header = ["", "CPU ms a picture", "wall-clock ms", "CPU s for start and end"]
    return f"{text}\n\n{table(header, rows)}"


def picture_cost(result: dict[str, Any], command: str) -> tuple[float, float, float]:
    """CPU and wall-clock seconds of a picture after the first block, and CPU seconds of start and end."""
    costs = []
    for run in (run for run in result["runs"] if run["command"] == command):
        first, last = run["blocks"][0], run["blocks"][-1]
        pictures = last["pictures"] - first["pictures"]
        cpu_s, wall_s = ((last[key] - first[key]) / pictures for key in ("cpu_s", "seconds"))
        costs.append((cpu_s, wall_s, run["end"]["cpu_s"] - last["pictures"] * cpu_s))
    cpu_s, wall_s, start_s = (median(values) for values in zip(*costs, strict=True))
    return cpu_s, wall_s, start_s


def two_machines(repository: Path) -> str:
    """What a second machine gained in training."""
    path = repository / MACHINES
    if not path.exists():
        return "Not measured yet. `make two-machines` measures it."
    result = json.loads(path.read_text(encoding="utf-8"))
    rows = [_machines_row(name, result["runs"][name], result) for name in ("one", "two")]
    rounds = len(result["runs"]["two"])
    work = {name: _step_cpu_ms(result, name) for name in ("one", "two")}
    loads = result["load_average"]
    text = (
        f"`lpr-train {result['task']}`, {result['epochs']} epochs of {result['steps']} steps, {result['batch']} "
        f"samples a step, run {'once' if rounds == 1 else f'{rounds} times'} each in turns, medians. After the first "
        f"epoch, in which the network is built, a step takes {work['one']:.0f} ms of CPU time on one machine, and "
        f"{work['two']:.0f} ms on each of two: on computers of their own, two train up to "
        f"**{work['one'] / work['two']:.2f} times** as fast. Here both were network namespaces on the same "
        f"{result['cores']} cores with other work (load average {min(loads):.0f} to {max(loads):.0f}), which "
        "decides how long an epoch takes more than the number of machines does."
    )
    header = [
        "machines",
        "CPU s of each",
        "wall-clock s",
        "later epochs, s",
        "MiB sent a step",
        "last loss",
        "files written",
    ]
    return f"{text}\n\n{table(header, rows)}"


def _step_cpu_ms(result: dict[str, Any], name: str) -> float:
    """CPU time of a step on the machine that has the most to do, after the first epoch."""
    epochs = [max(cpu_s) for run in result["runs"][name] for cpu_s in run["epoch_cpu_s"][1:]]
    return float(1000 * median(epochs) / result["steps"])


def _epoch_s(result: dict[str, Any], name: str) -> float:
    return median(float(seconds) for run in result["runs"][name] for seconds in run["epoch_s"][1:])


def _seconds(result: dict[str, Any], name: str) -> float:
    return median(float(run["seconds"]) for run in result["runs"][name])


def _machines_row(name: str, runs: list[dict[str, Any]], result: dict[str, Any]) -> list[str]:
    sent = median(max(run["sent_bytes"]) for run in runs) / (result["epochs"] * result["steps"])
    return [
        name,
        " + ".join(f"{seconds:.0f}" for seconds in runs[-1]["cpu_s"]),
        f"{_seconds(result, name):.0f}",
        f"{_epoch_s(result, name):.0f}",
        f"{sent / MIB:.2f}" if name == "two" else "–",
        f"{median(run['loss'][-1] for run in runs):.3f}",
        " + ".join(str(count) for count in runs[-1]["files"]),
    ]
