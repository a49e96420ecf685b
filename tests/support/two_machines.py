"""Trains on two machines that are network namespaces of this one, and compares that with one machine.

python -m tests.support.two_machines --json FILE      (as root, with iproute2)

Each machine has one core, its own address and its own disk. What they send each other goes over a virtual cable, whose
rate can be limited (--rate 100mbit).
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lpr_bench.base.results import write_result

ADDRESSES = ("10.213.7.1", "10.213.7.2")
PORT = 2222
NOTED = """
import sys, time
from lpr_train.app.cli import main
from lpr_train.loop import fit
end_epoch = fit._Loop._epoch_ended
def note(loop, *arguments):
    with open(sys.argv[1], "a") as file:
        print(time.process_time(), file=file)
    end_epoch(loop, *arguments)
fit._Loop._epoch_ended = note
sys.exit(main(sys.argv[2:]))
"""
"""lpr-train, which notes its CPU time at the end of each epoch."""


@dataclass(frozen=True)
class Machine:
    """A network namespace with one end of the cable."""

    name: str
    address: str
    core: int

    def command(self, words: Sequence[str]) -> list[str]:
        """A command that runs there, on its core."""
        return ["ip", "netns", "exec", self.name, "taskset", "-c", str(self.core), *words]

    @property
    def sent_bytes(self) -> int:
        """What has left it over the cable."""
        path = "/sys/class/net/cable/statistics/tx_bytes"
        return int(subprocess.run(self.command(["cat", path]), capture_output=True, check=True).stdout)


@contextmanager
def two_machines(rate: str = "") -> Iterator[tuple[Machine, Machine]]:
    """Two machines joined by a cable, until the block ends.

    Args:
        rate: of the cable, as tc writes it, such as `100mbit`; empty for no limit.
    """
    cores = sorted(os.sched_getaffinity(0))
    names = [f"lpr-{os.getpid()}-{number}" for number in range(2)]
    first, second = (
        Machine(name, address, cores[number % len(cores)])
        for number, (name, address) in enumerate(zip(names, ADDRESSES, strict=True))
    )
    try:
        for machine in (first, second):
            _ip("netns", "add", machine.name)
        other_end = ("peer", "name", "cable", "netns", second.name)
        _ip("link", "add", "cable", "netns", first.name, "type", "veth", *other_end)
        for machine in (first, second):
            inside = ("-n", machine.name)
            _ip(*inside, "address", "add", f"{machine.address}/24", "dev", "cable")
            for device in ("lo", "cable"):
                _ip(*inside, "link", "set", device, "up")
            if rate:
                limit = ["tc", "-n", machine.name, "qdisc", "add", "dev", "cable", "root", "tbf", "rate", rate]
                subprocess.run([*limit, "burst", "256kb", "latency", "50ms"], check=True)
        yield first, second
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False, stderr=subprocess.DEVNULL)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@dataclass(frozen=True)
class Trained:
    """What a run on one or two machines did."""

    cpu_s: list[float]
    """Of each process, from its start to its end."""
    epoch_cpu_s: list[list[float]]
    """Of each epoch, each process."""
    epoch_s: list[float]
    """Wall-clock time of each epoch."""
    loss: list[float]
    """At the end of each epoch."""
    sent_bytes: list[int]
    """Of each machine."""
    files: list[int]
    """Files that each process wrote to its run folder."""


def train(machines: Sequence[Machine], flags: Sequence[str], folder: Path) -> Trained:
    """Train on machines at once; `flags` are those of lpr-train, without `--out`."""
    cluster = {"worker": [f"{machine.address}:{PORT}" for machine in machines]}
    processes = []
    before = [machine.sent_bytes for machine in machines]
    for index, machine in enumerate(machines):
        environment = dict(os.environ) | {"TF_NUM_INTRAOP_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1"}
        if len(machines) > 1:
            task = {"type": "worker", "index": index}
            environment["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": task})
        notes = str(folder / f"{index}.cpu")
        words = [sys.executable, "-c", NOTED, notes, *flags, "--out", str(folder / f"{index}")]
        with (folder / f"{index}.log").open("wb") as log:  # the process keeps a handle of its own
            processes.append(subprocess.Popen(machine.command(words), env=environment, stdout=log, stderr=log))
    cpu_s = []
    for index, process in enumerate(processes):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError((folder / f"{index}.log").read_text(encoding="utf-8", errors="replace")[-3000:])
        cpu_s.append(round(usage.ru_utime + usage.ru_stime, 2))
    with (folder / "0" / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    noted_s = [
        [0.0, *map(float, (folder / f"{index}.cpu").read_text(encoding="utf-8").split())]
        for index in range(len(machines))
    ]
    return Trained(
        cpu_s,
        [[round(noted[epoch + 1] - noted[epoch], 3) for noted in noted_s] for epoch in range(len(rows))],
        [round(float(row["seconds"]), 2) for row in rows],
        [float(row["loss"]) for row in rows],
        [machine.sent_bytes - sent for machine, sent in zip(machines, before, strict=True)],
        [sum(path.is_file() for path in (folder / f"{index}").rglob("*")) for index in range(len(machines))],
    )


def measure(task: str, epochs: int, steps: int, batch: int, rounds: int, rate: str) -> dict[str, Any]:
    """Alternate between two machines and one."""
    flags = [task, "--epochs", str(epochs), "--steps-per-epoch", str(steps), "--batch-size", str(batch)]
    flags += ["--holdout", "0", "--representative", "4", "--heldout", "4", "--validate-every", str(epochs)]
    found: dict[str, list[dict[str, Any]]] = {"one": [], "two": []}
    for _ in range(rounds):
        for name, count in (("two", 2), ("one", 1)):
            with two_machines(rate) as machines, TemporaryDirectory() as folder:
                begin = time.monotonic()
                trained = train(machines[:count], flags, Path(folder))
                found[name].append(vars(trained) | {"seconds": round(time.monotonic() - begin, 2)})
            print(name, json.dumps(found[name][-1]), flush=True)
    return {
        "benchmark": "two_machines",
        "task": task,
        "epochs": epochs,
        "steps": steps,
        "batch": batch,
        "rate": rate,
        "runs": found,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg(),
    }


def main() -> int:
    """Measure, and write a result file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--task", default="characters")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rate", default="", help="of the cable, such as 100mbit")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    result = measure(flags.task, flags.epochs, flags.steps, flags.batch, flags.rounds, flags.rate)
    if flags.json:
        write_result(flags.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
