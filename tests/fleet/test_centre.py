"""The centre on real servers."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.fleet.fakes import body, event
from tests.support.centre import PASSWORD, Postgres, Rabbit, missing_servers
from tests.support.deliveries import wait_until
from tests.support.urls import broker_url

from lpr_edge.contract.records import iso_time
from lpr_edge.delivery.sink import StoredEvent
from lpr_edge.delivery.sinks.mqtt import Mqtt
from lpr_fleet.app.cli import main
from lpr_fleet.base.settings import AmqpUrl, DatabaseUrl, FleetSettings
from lpr_fleet.broker.connection import open_connection
from lpr_fleet.database.connecting import connect
from lpr_fleet.database.event_store import EventStore
from lpr_fleet.intake.delivery import Delivery
from lpr_fleet.intake.parse import parse_event
from lpr_fleet.search.plate_key import plate_keys

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_servers()), reason=missing_servers() or "servers are there"),
]


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
    assert capsys.readouterr().out.splitlines()[-2:] == ["tables: version 3", "queues: lpr-events, lpr-dead"]
    sink = Mqtt(broker_url(f"mqtt://gate-1@127.0.0.1:{rabbit.mqtt_port}"), "gate-1", PASSWORD, discovery=False)
    wait_until(lambda: sink._client.is_connected())
    consumer = start_consumer(folder / "consumer.log")
    for number in (1, 2, 1):
        sink.deliver(StoredEvent(number, event(number)))
    sink.deliver(StoredEvent(3, {"id": "e3", "event": "plate", "schema": 7}))  # a batch of its own
    wait_until(lambda: postgres.query("SELECT count(*) FROM events") == [(2,)], 60)
    postgres.kill()
    sink.deliver(StoredEvent(4, event(4)))
    time.sleep(1)
    postgres.start()
    wait_until(lambda: postgres.query("SELECT count(*) FROM events") == [(3,)], 60)
    consumer.kill()
    consumer.wait()
    sink.deliver(StoredEvent(5, event(5)))
    consumer = start_consumer(folder / "consumer.log")
    wait_until(lambda: postgres.query("SELECT count(*) FROM events") == [(4,)], 60)
    consumer.terminate()
    assert consumer.wait(60) == 0
    sink.close()
    rows = postgres.query("SELECT id, device, record, tableoid::regclass::text FROM events ORDER BY first_seen")
    assert rows == [(f"e{number}", "gate-1", event(number), "events_2026_03") for number in (1, 2, 4, 5)]
    wait_until(lambda: queue_lengths(rabbit) == {"lpr-events": 0, "lpr-dead": 1}, 30)  # counted every few seconds
    put_dead_letter(rabbit, event(6))
    wait_until(lambda: replayed(capsys, "--show") == "1 would be sent, 1 stay", 30)
    assert replayed(capsys) == "1 sent, 1 stay"
    consumer = start_consumer(folder / "consumer.log")
    wait_until(lambda: postgres.query("SELECT count(*) FROM events WHERE id = 'e6'") == [(1,)], 60)
    consumer.terminate()
    assert consumer.wait(60) == 0
    assert replayed(capsys) == "0 sent, 1 stay"


def put_dead_letter(rabbit: Rabbit, record: dict[str, Any]) -> None:
    """What a consumer of an older version would have rejected."""
    broker = open_connection(FleetSettings(broker=AmqpUrl.parse(rabbit.url, "broker"), broker_password=PASSWORD))
    broker.channel().basic_publish("lpr-dead", "lpr.gate-1.event", json.dumps(record).encode())
    broker.close()


def replayed(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    """The last line of `lpr-fleet replay`."""
    assert main(["replay", *flags]) == 0
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.usefixtures("environment")
def test_searches_on_a_real_server(postgres: Postgres, capsys: pytest.CaptureFixture[str]) -> None:
    """Parts of any length, a wrong sign, times and devices find what they should, in all months and beyond them."""
    assert main(["schema", "--no-broker"]) == 0
    keys = plate_keys("nepal")
    times = {f"s{n}": datetime(2025, n, 15, tzinfo=UTC) for n in range(1, 13)} | {
        "s0": datetime(1970, 1, 1, tzinfo=UTC)
    }
    store = EventStore(lambda: connect(FleetSettings(database=DatabaseUrl(postgres.url))))
    for name, seen in times.items():
        record = event(0, "बा२च७७६५") | {"id": name, "first_seen": iso_time(seen), "last_seen": iso_time(seen)}
        assert store.save([parse_event(Delivery(1, "lpr.gate-7.event", body(record)), keys)]) == {}
    store.close()

    def found(*words: str) -> list[str]:
        capsys.readouterr()
        assert main(["search", *words, "--device", "gate-7"]) == 0
        return [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]

    newest_first = [f"s{n}" for n in range(12, -1, -1)]
    for part in ("BA 2 CHA 7765", "7765", "7665", "65", "CHA", "च", "2 CHA"):
        assert found(part) == newest_first, part
    assert found("7665", "--exact") == found("56") == found("9") == []
    assert found("65", "--since", "2025-03-01", "--until", "2025-06-01") == ["s5", "s4", "s3"]
    assert found("7765", "--limit", "4") == newest_first[:4]
    assert found("--limit", "2") == ["s12", "s11"]
    assert main(["search", "77655", "--explain"]) == 0
    assert "plates" in capsys.readouterr().out


def queue_lengths(rabbit: Rabbit) -> dict[str, int]:
    listed = json.loads(rabbit.control("list_queues", "name", "messages", "--formatter", "json"))
    return {queue["name"]: queue["messages"] for queue in listed}
