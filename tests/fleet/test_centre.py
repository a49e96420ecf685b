"""The centre on real servers."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fleet.fakes import event
from tests.support.centre import PASSWORD, Postgres, Rabbit, missing_servers
from tests.support.deliveries import wait_until

from lpr_edge.delivery.sink import StoredEvent
from lpr_edge.delivery.sinks.mqtt import Mqtt
from lpr_fleet.app.cli import main

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_servers()), reason=missing_servers() or "servers are there"),
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the servers' users may enter; pytest closes its own to all others."""
    with tempfile.TemporaryDirectory(prefix="lpr-centre-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[Postgres]:
    pytest.importorskip("psycopg")
    server = Postgres(folder / "postgres")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def rabbit(folder: Path, repository: Path) -> Iterator[Rabbit]:
    pytest.importorskip("pika")
    server = Rabbit(folder / "rabbit", repository / "edge" / "fleet" / "rabbitmq", ("gate-1",))
    yield server
    server.stop()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, postgres: Postgres, rabbit: Rabbit) -> None:
    """The servers, as `lpr-fleet` finds them."""
    monkeypatch.setenv("LPR_FLEET_DATABASE", postgres.url)
    monkeypatch.setenv("LPR_FLEET_BROKER", rabbit.url)
    monkeypatch.setenv("LPR_FLEET_BROKER_PASSWORD", PASSWORD)


def query(postgres: Postgres, text: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(postgres.url, autocommit=True) as connection:
        return list(connection.execute(text).fetchall())


def start_consumer(log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as out:
        return subprocess.Popen([sys.executable, "-m", "lpr_fleet", "consume"], stdout=out, stderr=out, env=os.environ)


@pytest.mark.usefixtures("environment")
def test_events_of_a_device_reach_the_table_once(
    postgres: Postgres, rabbit: Rabbit, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By MQTT, quorum queue and consumer; a repeat is no second row, and what is no event is a dead letter.

    While the database is killed and comes back, and while the consumer is killed, events wait.
    """
    pytest.importorskip("paho.mqtt")
    assert main(["schema"]) == 0
    assert main(["schema"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["tables: version 1", "queues: lpr-events, lpr-dead"]
    sink = Mqtt(f"mqtt://gate-1@127.0.0.1:{rabbit.mqtt_port}", "gate-1", PASSWORD, discovery=False)
    wait_until(lambda: sink._client.is_connected())
    consumer = start_consumer(folder / "consumer.log")
    for number in (1, 2, 1):
        sink.deliver(StoredEvent(number, event(number)))
    sink.deliver(StoredEvent(3, {"id": "e3", "event": "plate", "schema": 7}))  # a batch of its own
    wait_until(lambda: query(postgres, "SELECT count(*) FROM events") == [(2,)], 60)
    postgres.kill()
    sink.deliver(StoredEvent(4, event(4)))
    time.sleep(1)
    postgres.start()
    wait_until(lambda: query(postgres, "SELECT count(*) FROM events") == [(3,)], 60)
    consumer.kill()
    consumer.wait()
    sink.deliver(StoredEvent(5, event(5)))
    consumer = start_consumer(folder / "consumer.log")
    wait_until(lambda: query(postgres, "SELECT count(*) FROM events") == [(4,)], 60)
    consumer.terminate()
    assert consumer.wait(60) == 0
    sink.close()
    rows = query(postgres, "SELECT id, device, record, tableoid::regclass::text FROM events ORDER BY first_seen")
    assert rows == [(f"e{number}", "gate-1", event(number), "events_2026_03") for number in (1, 2, 4, 5)]
    wait_until(lambda: queue_lengths(rabbit) == {"lpr-events": 0, "lpr-dead": 1}, 30)  # counted every few seconds


def queue_lengths(rabbit: Rabbit) -> dict[str, int]:
    listed = json.loads(rabbit.control("list_queues", "name", "messages", "--formatter", "json"))
    return {queue["name"]: queue["messages"] for queue in listed}
