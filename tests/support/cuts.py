"""Kills devices, broker, consumers and database at random moments, and counts what is lost and what is there twice.

python -m tests.support.cuts --cuts 1000 --results FILE [--nodes 3]

The cuts are made in rounds, each on servers of its own and counted at its end; the file gets a line for each. Started
again, it goes on to the number of cuts that is asked for.

Each is killed by SIGKILL and started again, all of them independently, so that some are away at the same time. The
devices are lpr-edge's outbox, delivery worker and MQTT sink; what counts as made is what the outbox has on disk.

With three nodes the broker is a cluster behind a load balancer. One node at random is killed at a time.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.support.broker_cluster import RabbitCluster
from tests.support.centre import PASSWORD, Postgres, Rabbit, missing_servers
from tests.support.cut_device import MADE
from tests.support.urls import broker_url

from lpr_fleet.app.cli import main as lpr_fleet

REPOSITORY = Path(__file__).parents[2]
PAUSES_S = {"device": 3.0, "consumer": 3.0, "database": 5.0, "broker": 8.0}
"""Mean seconds from a part's first sign of life to the next cut; a node of RabbitMQ takes long to start."""
START_S = 60.0


class Program:
    """A process that is killed and started again."""

    def __init__(self, command: list[str], log: Path, life: Path) -> None:
        """Start it; what it does first makes the file `life` grow."""
        self._command, self._log, self._life = command, log, life
        self.start()

    def start(self) -> None:
        before = self._size()
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=REPOSITORY)
        wait_for(lambda: self._size() > before, START_S)

    def _size(self) -> int:
        return self._life.stat().st_size if self._life.exists() else 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Cutter:
    """Cuts each part at random moments, in a thread a part, until there were enough."""

    def __init__(self, cuts: int, minutes: float, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self._cuts, self._end = cuts, time.monotonic() + 60 * minutes
        self._seed = seed
        self._lock = threading.Lock()

    def run(self, parts: list[tuple[str, Any]]) -> None:
        threads = [
            threading.Thread(target=self._cut, args=(*part, f"{self._seed} {number}"))
            for number, part in enumerate(parts)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _cut(self, kind: str, part: Any, seed: str) -> None:
        rng = random.Random(seed)
        while time.monotonic() < self._end and self.counts.total() < self._cuts:
            time.sleep(min(rng.expovariate(1 / PAUSES_S[kind]), 4 * PAUSES_S[kind]))
            try:
                part.kill()
                part.start()
            except (AssertionError, OSError) as error:
                self.failures.append(f"{kind}: {error}")
                return
            with self._lock:
                self.counts[kind] += 1


def stored_ids(url: str) -> Counter[str]:
    """How often each event is in the table."""
    import psycopg

    with psycopg.connect(url) as connection:
        return Counter(row[0] for row in connection.execute("SELECT id FROM events"))


def made_ids(folder: Path, names: tuple[str, ...]) -> set[str]:
    """What the outboxes had on disk."""
    return {name for device in names for name in (folder / device / MADE).read_text().split()}


def wait_for(holds: Callable[[], bool], timeout_s: float) -> float:
    """Seconds until it holds, or the time-out."""
    begin = time.monotonic()
    while not holds() and time.monotonic() < begin + timeout_s:
        time.sleep(0.2)
    return time.monotonic() - begin


def start_broker(folder: Path, users: tuple[str, ...], nodes: int, seed: int) -> Rabbit | RabbitCluster:
    """One node, or a cluster of several."""
    example = REPOSITORY / "edge" / "fleet" / "rabbitmq"
    return Rabbit(folder, example, users) if nodes == 1 else RabbitCluster(folder, example, users, nodes, seed)


def run_cuts(
    folder: Path, cuts: int, minutes: float, devices: int, consumers: int, seed: int, nodes: int = 1, only: str = ""
) -> dict[str, Any]:
    """Cut, wait until all has arrived, and count; with `only`, one kind of part is cut."""
    names = tuple(f"gate-{number}" for number in range(devices))
    postgres = Postgres(folder / "postgres")
    rabbit = start_broker(folder / "rabbit", names, nodes, seed)
    os.environ |= {
        "LPR_FLEET_DATABASE": postgres.url,
        "LPR_FLEET_BROKER": rabbit.url,
        "LPR_FLEET_BROKER_PASSWORD": PASSWORD,
        "PYTHONPATH": str(REPOSITORY),
    }
    assert lpr_fleet(["schema"]) == 0
    parts: list[tuple[str, Any]] = [("database", postgres), ("broker", rabbit)]
    for name in names:
        (folder / name).mkdir()
        words = ["tests.support.cut_device", str(folder / name), str(rabbit.mqtt_port), name, "5"]
        parts.append(("device", Program([sys.executable, "-m", *words], folder / f"{name}.log", folder / name / MADE)))
    for number in range(consumers):
        command = [sys.executable, "-m", "lpr_fleet", "consume", "--batch", "50"]
        log = folder / f"consumer-{number}.log"
        parts.append(("consumer", Program(command, log, log)))
    cutter = Cutter(cuts, minutes, seed)
    begin = time.monotonic()
    try:
        cutter.run([part for part in parts if only in ("", part[0])])
        cut_s = time.monotonic() - begin
        time.sleep(5)
        for kind, part in parts:
            if kind == "device":
                part.kill()  # no more events are made; what waits goes out below
        drain_devices(folder, names, rabbit.mqtt_port)
        settle_s = wait_for(lambda: made_ids(folder, names) <= stored_ids(postgres.url).keys(), 180)
        found = stored_ids(postgres.url)
        made = made_ids(folder, names)
        lost, doubled = made - found.keys(), sum(count - 1 for count in found.values())
        return {
            "seed": seed,
            "cuts": dict(cutter.counts),
            "events": len(made),
            "lost": len(lost),
            "doubled": doubled,
            "failures": cutter.failures,
            "devices": devices,
            "consumers": consumers,
            "nodes": nodes,
            "seconds": round(cut_s, 1),
            "settled_s": round(settle_s, 1),
            "load_average": os.getloadavg()[0],
            "cores": os.cpu_count(),
        }
    finally:
        for _, part in parts:
            if isinstance(part, Program):
                part.kill()
        with suppress(Exception):
            postgres.stop()
        rabbit.stop()


def drain_devices(folder: Path, names: tuple[str, ...], port: int) -> None:
    """Deliver what waits in the outboxes."""
    from lpr_edge.delivery.delivery_worker import DeliveryWorker
    from lpr_edge.delivery.outbox import Outbox
    from lpr_edge.delivery.sinks.mqtt import Mqtt

    for name in names:
        outbox = Outbox(folder / name / "outbox.db", ["mqtt"], keeps=False)
        sink = Mqtt(
            broker_url(f"mqtt://{name}@127.0.0.1:{port}"), name, PASSWORD, discovery=False, client_id=f"lpr-{name}"
        )
        worker = DeliveryWorker(sink, outbox)
        wait_for(lambda outbox=outbox: outbox.waiting().get("mqtt", 0) == 0, 180)  # type: ignore[misc]
        worker.start_closing(5)
        worker.close()
        outbox.close()


def main() -> int:
    """Add rounds until there are enough cuts; 1 where something was lost or is there twice."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cuts", type=int, default=1000, help="in all, those of earlier rounds included")
    parser.add_argument("--round", type=int, default=80, help="cuts of a round")
    parser.add_argument("--minutes", type=float, default=15.0, help="of a round, at most")
    parser.add_argument("--devices", type=int, default=3)
    parser.add_argument("--consumers", type=int, default=2)
    parser.add_argument("--nodes", type=int, default=1, help="of the broker's cluster")
    parser.add_argument("--only", choices=PAUSES_S, default="", help="cut this kind of part alone")
    parser.add_argument("--results", type=Path, required=True, help="JSON, a line for each round")
    flags = parser.parse_args()
    if missing_servers():
        parser.error(missing_servers())
    flags.results.parent.mkdir(parents=True, exist_ok=True)
    while (made := cuts_in(read_rounds(flags.results))) < flags.cuts:
        seed, count = len(read_rounds(flags.results)), min(flags.round, flags.cuts - made)
        with tempfile.TemporaryDirectory(prefix="lpr-cuts-", ignore_cleanup_errors=True) as name:
            Path(name).chmod(0o755)
            found = run_cuts(
                Path(name), count, flags.minutes, flags.devices, flags.consumers, seed, flags.nodes, flags.only
            )
        with flags.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")
        print(found, flush=True)
    return int(any(one["lost"] or one["doubled"] or one["failures"] for one in read_rounds(flags.results)))


def read_rounds(path: Path) -> list[dict[str, Any]]:
    """The records of a result file; none where it isn't there yet."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def cuts_in(rounds: list[dict[str, Any]]) -> int:
    """Cuts of all rounds."""
    return sum(sum(one["cuts"].values()) for one in rounds)


if __name__ == "__main__":
    sys.exit(main())
