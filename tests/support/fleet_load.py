"""Many devices at one centre: what broker, consumer and database take for each event, and what an outage costs.

python -m tests.support.fleet_load --devices 2000 --json FILE

RabbitMQ, PostgreSQL and one `lpr-fleet consume` run here on the files of edge/fleet; the devices are simulated in one
process. With --tls they and the consumer come to the broker by TLS, as those files want it. Each stage counts what
devices were acknowledged, what the table has, and the CPU time of each part.
"""

import argparse
import asyncio
import json
import os
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.centre import PASSWORD, missing_servers
from tests.support.measured_centre import MeasuredCentre
from tests.support.mqtt_devices import Delivered, Device, Login
from tests.support.time_search import percentile

from lpr_bench.base.results import write_result
from lpr_bench.history.made_events import made_events
from lpr_edge.base.signals import stopping_on_sigterm
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.records import iso_time

USER = "devices"
LOGINS_PER_S = 200
TLS_LOGINS_PER_S = 40
"""A broker that hasn't finished a handshake after five seconds gives it up."""
TIMEOUT_S = 1800


class Load:
    """Devices at a centre, and what is known of each stage."""

    def __init__(
        self, centre: MeasuredCentre, count: int, has_tls: bool, keep: Callable[[list[dict[str, Any]]], None]
    ) -> None:
        self.centre = centre
        self._keep = keep
        self.delivered = Delivered()
        tls = ssl.create_default_context(cafile=str(centre.rabbit.authority)) if has_tls else None
        login = Login(centre.rabbit.mqtt_port, USER, PASSWORD, tls)
        self.devices = [Device(f"gate-{number}", login, self.delivered) for number in range(count)]
        self.stages: list[dict[str, Any]] = []
        self._made = 0
        self._end = 0.0
        self._bodies = payload_bodies()
        self._logins_per_s = TLS_LOGINS_PER_S if has_tls else LOGINS_PER_S

    async def run(self, hour: int) -> None:
        """All stages.

        Args:
            hour: events that each device has in the hour without the centre.
        """
        pinging = asyncio.create_task(self._ping())
        with self._stage("start"):
            await asyncio.sleep(5)
        with self._stage("log in"):
            await self._log_in()
        with self._stage("idle"):
            await asyncio.sleep(20)
        with self._stage("50 events a second of all devices"):
            await self._steadily(50, 30)
        with self._stage("50 events at once of each of 10 devices"):
            for device in self.devices[:10]:
                self._queue(device, 50)
            await self._all_stored()
        with self._stage("an event of each device at once"):
            self._queue_each(1)
            await self._all_stored()
        with self._stage("an hour without consumer: into the queue"):
            self.centre.kill_consumer()
            self._queue_each(hour)
            await self._until(lambda: not any(device.waiting for device in self.devices))
        with self._stage("an hour without consumer: out of the queue"):
            self.centre.start_consumer()
            await self._all_stored()
        self.centre.rabbit.kill()
        self.centre.kill_consumer()
        await self._until(lambda: not any(device.is_online for device in self.devices))
        self._queue_each(hour)
        await asyncio.to_thread(self.centre.rabbit.start)
        self.centre.start_consumer()
        with self._stage("an hour without centre: all at once"):
            await self._all_stored()
        pinging.cancel()
        await asyncio.gather(*(device.close() for device in self.devices))

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Note what a stage takes; parts that begin again in it count from their start."""
        cpu, begin = self.centre.cpu_s(), time.monotonic()
        consumer, waited = self.centre.consumer.pid, len(self.delivered.waited_s)
        yield
        seconds = time.monotonic() - begin
        after = self.centre.cpu_s()
        if self.centre.consumer.pid != consumer:
            cpu["consumer"] = 0.0  # it began in this stage
        rows, ids = self.centre.stored()
        waits = self.delivered.waited_s[waited:]
        stage = {
            "stage": name,
            "events": len(waits),
            "seconds": round(seconds, 2),
            "cpu_s": {part: round(max(0.0, after[part] - cpu[part]), 2) for part in after},
            "puback_ms": {str(share): round(1000 * percentile(waits, share), 1) for share in (0.5, 0.95)}
            if waits
            else {},
            "broker_bytes": self.centre.broker_bytes(),
            "online": sum(device.is_online for device in self.devices),
            "made": self._made,
            "stored": rows,
            "doubled": rows - ids,
            "load_average": os.getloadavg()[0],
        }
        self.stages.append(stage)
        self._keep(self.stages)

    async def _log_in(self) -> None:
        tasks = []
        for device in self.devices:
            tasks.append(asyncio.create_task(device.connect()))
            await asyncio.sleep(1 / self._logins_per_s)
        await asyncio.gather(*tasks)
        await self._until(lambda: all(device.is_online for device in self.devices))

    async def _steadily(self, per_s: int, seconds: int) -> None:
        begin = time.monotonic()
        for number in range(per_s * seconds):
            await asyncio.sleep(max(0.0, begin + number / per_s - time.monotonic()))
            self._queue(self.devices[number * 37 % len(self.devices)], 1)
        await self._all_stored()

    def _queue_each(self, count: int) -> None:
        for device in self.devices:
            self._queue(device, count)

    def _queue(self, device: Device, count: int) -> None:
        for _ in range(count):
            self._made += 1
            body = self._bodies[self._made % len(self._bodies)]
            now = iso_time(datetime.now(UTC)).encode()
            device.queue(body.replace(b"@id", f"{device.name}-{self._made}".encode()).replace(b"@seen", now))

    async def _all_stored(self) -> None:
        await self._until(lambda: not any(device.waiting for device in self.devices))
        while await asyncio.to_thread(lambda: self.centre.stored()[1]) < self._made:
            self._in_time()
            await asyncio.sleep(0.5)

    async def _until(self, holds: Callable[[], bool]) -> None:
        self._end = time.monotonic() + TIMEOUT_S
        while not holds():
            self._in_time()
            await asyncio.sleep(0.1)

    def _in_time(self) -> None:
        assert time.monotonic() < self._end, f"not done after {TIMEOUT_S} s: {self.stages[-1:]}"

    async def _ping(self) -> None:
        while True:
            for device in self.devices:
                device.ping()
                await asyncio.sleep(20 / len(self.devices))


def payload_bodies() -> list[bytes]:
    """Events as long as a device's, with `@id` and `@seen` for what is different in each."""
    records = made_events(load_country("nepal"), 500)
    changed = {"id": "@id", "first_seen": "@seen", "last_seen": "@seen"}
    return [json.dumps(record | changed, ensure_ascii=False).encode() for record in records]


def main() -> int:
    """Run it; 1 where an event was lost or is there twice."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--hour", type=int, default=15, help="events of each device in an hour without the centre")
    parser.add_argument("--tls", action="store_true", help="devices and consumer come to the broker by TLS")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    if missing_servers():
        parser.error(missing_servers())
    folder = tempfile.TemporaryDirectory(prefix="lpr-load-", ignore_cleanup_errors=True)
    with stopping_on_sigterm(), folder as name:  # no server is left behind
        Path(name).chmod(0o755)
        centre = MeasuredCentre(Path(name), USER, flags.tls)
        try:
            load = Load(centre, flags.devices, flags.tls, lambda stages: keep(stages, flags))
            asyncio.run(load.run(flags.hour))
        finally:
            centre.stop()
    last = load.stages[-1]
    return int(last["made"] != last["stored"] - last["doubled"] or last["doubled"] > 0)


def keep(stages: list[dict[str, Any]], flags: argparse.Namespace) -> None:
    """Write what is known after a stage."""
    print(stages[-1], flush=True)
    bodies, last = payload_bodies(), stages[-1]
    result = {
        "benchmark": "centre_load",
        "devices": flags.devices,
        "hour": flags.hour,
        "tls": flags.tls,
        "event_bytes": round(sum(map(len, bodies)) / len(bodies)),
        "stages": stages,
        "lost": last["made"] - (last["stored"] - last["doubled"]),
        "doubled": last["doubled"],
        "cores": os.cpu_count(),
    }
    if flags.json:
        write_result(flags.json, result)


if __name__ == "__main__":
    sys.exit(main())
