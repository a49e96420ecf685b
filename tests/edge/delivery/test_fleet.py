import json
import re
import shutil
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.edge.delivery.test_sinks import Listener
from tests.support.deliveries import Record, broker, free_port, record, wait_until
from tests.support.faults import Tally
from tests.support.fleet import PASSWORD, Bridge, Device, FleetBroker, run_devices
from tests.support.readings import frame, new_tracker, plate
from tests.support.urls import broker_url

from lpr_edge.delivery.heartbeat import Heartbeat
from lpr_edge.delivery.sink import DeliveryError, StoredEvent
from lpr_edge.delivery.sinks.mqtt import Mqtt
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.tracking.event_record import event_record
from lpr_edge.vision.plates import FrameResult

needs_broker = pytest.mark.skipif(
    not all(map(shutil.which, ("mosquitto", "mosquitto_passwd", "openssl"))),
    reason="needs mosquitto and openssl (Debian: mosquitto, openssl)",
)
DEVICES = 200
EVENTS = 5
"""Each device sends so many while all is well, and as many while the broker goes and comes back."""


@pytest.fixture(scope="module")
def example(repository: Path) -> Path:
    return repository / "edge" / "fleet"


def schema_of(example: Path, what: str) -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((example / "schema" / f"{what}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def an_event() -> Record:
    tracker = new_tracker()
    events = [e for i in range(4) for e in tracker.update(replace(frame(i), age_ms=7.0), [plate("A10")])]
    return event_record(events[0])


def busy_stats(cameras: tuple[str, ...] = ()) -> RuntimeStats:
    models = {"reader": "reader.int8.tflite 0123abcd (litert 2.3.0)"}
    stats = RuntimeStats("gate-1", models, waiting=lambda: {"mqtt": 2, "held": 1}, cameras=cameras)
    for index in range(3):
        stats.add(frame(index, age_ms=4.0), FrameResult((), 5.0, 1.0))
    return stats


@pytest.mark.skipif(shutil.which("mosquitto") is None, reason="needs mosquitto (Debian: mosquitto)")
def test_what_a_device_sends_is_what_the_schemas_say(example: Path, tmp_path: Path) -> None:
    """Events, status and metrics, as they come out of a real broker, are valid; every field of theirs is documented."""
    pytest.importorskip("paho.mqtt")
    port = free_port()
    with broker(tmp_path, port):
        listener = Listener(port)
        sink = Mqtt(broker_url(f"mqtt://127.0.0.1:{port}"), "gate-1", discovery=False)
        sent = busy_stats(), busy_stats(("clip.mp4", "yard")), RuntimeStats("gate-1")
        beats = [Heartbeat(stats.snapshot, sink.publish_metrics, 0.05) for stats in sent]
        wait_until(lambda: bool(listener.of("lpr/gate-1/metrics")))
        sink.deliver(StoredEvent(1, an_event()))
        wait_until(lambda: len(listener.of("lpr/gate-1/metrics")) > 5)
        for beat in beats:
            beat.close()
        sink.close()
        wait_until(lambda: len(listener.of("lpr/gate-1/status")) == 2 and bool(listener.of("lpr/gate-1/event")))
        listener.close()
    for what in ("event", "status", "metrics"):
        validator, messages = schema_of(example, what), listener.of(f"lpr/gate-1/{what}")
        assert [error.message for message in messages for error in validator.iter_errors(message)] == []
        assert {key for message in messages for key in message} - set(validator.schema["properties"]) == set()


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("event", {"schema": 2}),
        ("event", {"id": ""}),
        ("event", {"last_seen": "2026-03-01 06:00"}),
        ("event", {"confidence": 1.5}),
        ("event", {"quad": [[1, 2]]}),
        ("metrics", {"outbox": {"mqtt": -1}}),
        ("metrics", {"latency_ms": {"p50": 1}}),
        ("metrics", {"fps": None}),
        ("metrics", {"cameras": {"gate": {"frames": 1}}}),
    ],
)
def test_the_schemas_refuse_what_is_wrong(example: Path, what: str, wrong: Record) -> None:
    """A field of another shape or range isn't valid, so that the test above can fail; one that is new is."""
    message = {"event": an_event(), "metrics": busy_stats().snapshot()}[what]
    validator = schema_of(example, what)
    assert validator.is_valid(message | {"new": 1})
    assert not validator.is_valid(message | wrong)


def test_telegraf_asks_for_what_devices_send(example: Path) -> None:
    """Topics and fields of the Telegraf example are those of the schemas."""
    settings = tomllib.loads((example / "telegraf.conf").read_text())
    events, devices = settings["inputs"]["mqtt_consumer"]
    known = {what: schema_of(example, what).schema for what in ("event", "status", "metrics")}
    assert [*events["topics"], *devices["topics"]] == [f"lpr/+/{what}" for what in known]
    (parser,) = events["json_v2"]
    paths = [part["path"] for kind in ("tag", "field") for part in parser[kind]] + [parser["timestamp_path"]]
    assert set(paths) <= set(known["event"]["properties"])
    always = {part["path"] for part in parser["field"] if not part.get("optional")}
    assert always <= set(known["event"]["required"])
    assert set(devices["json_string_fields"]) <= {*known["status"]["properties"], *known["metrics"]["properties"]}
    assert settings["outputs"]["postgresql"]


def test_every_topic_is_in_the_readme(example: Path) -> None:
    """The three topics stand in the folder's README, each beside its schema."""
    found = re.findall(
        r"\| `lpr/<device>/(\w+)`.*\[(\w+)\.json\]\(schema/(\w+)\.json\)", (example / "README.md").read_text()
    )
    assert sorted(found) == [(what,) * 3 for what in ("event", "metrics", "status")]


@pytest.fixture
def fleet_broker(example: Path, tmp_path: Path) -> Iterator[FleetBroker]:
    """A broker on the example's files, with three users."""
    pytest.importorskip("paho.mqtt")
    tmp_path.chmod(0o755)
    running = FleetBroker(example, tmp_path, ["bridge", "gate-1", "gate-2"])
    yield running
    running.stop()


@needs_broker
def test_a_device_speaks_in_its_own_name_alone(fleet_broker: FleetBroker) -> None:
    """By TLS and login a device's events arrive; in another's name they don't, and it reads nothing of the others'."""
    bridge = Bridge(fleet_broker)
    curious = Bridge(fleet_broker, "gate-2")
    sink = Mqtt(broker_url(f"mqtts://gate-1@127.0.0.1:{fleet_broker.port}"), "gate-1", PASSWORD, fleet_broker.ca)
    liar = Mqtt(broker_url(f"mqtts://gate-1@127.0.0.1:{fleet_broker.port}"), "gate-3", PASSWORD, fleet_broker.ca)
    stranger = Mqtt(broker_url(f"mqtts://gate-1@127.0.0.1:{fleet_broker.port}"), "gate-4", "wrong", fleet_broker.ca)
    wait_until(lambda: sink._client.is_connected() and liar._client.is_connected())
    with pytest.raises(DeliveryError, match="the broker refuses lpr/gate-3/event: Not authorized"):
        liar.deliver(StoredEvent(1, record(1)))
    sink.deliver(StoredEvent(2, record(2)))
    sink.publish_metrics(RuntimeStats("gate-1").snapshot())
    wait_until(lambda: bool(bridge.of("gate-1", "metrics")) and bool(bridge.of("gate-1")))
    wait_until(lambda: "Not authorized" in stranger._client.reason)
    for part in (sink, liar, stranger, bridge, curious):
        part.close()
    assert bridge.of("gate-1") == [record(2)]
    assert (bridge.of("gate-3"), bridge.of("gate-3", "status"), curious.messages) == ([], [], [])


@needs_broker
@pytest.mark.slow
@pytest.mark.faults
def test_200_devices_and_a_broker_that_is_restarted(example: Path, tmp_path: Path, tally: Tally) -> None:
    """Every event of 200 devices arrives, once and in order; restart the broker, and repeats have the same id."""
    pytest.importorskip("paho.mqtt")
    tmp_path.chmod(0o755)
    names = [f"gate-{number}" for number in range(DEVICES)]
    running = FleetBroker(example, tmp_path, ["bridge", *names])
    before = threading.active_count()
    bridge = Bridge(running)
    devices = [Device(name, running) for name in names]
    for number, device in enumerate(devices):
        device.events += [record(1000 * number + i) for i in range(EVENTS)]
    run_devices(devices, lambda: all(device.done for device in devices) and bridge.events() >= DEVICES * EVENTS)
    once = [bridge.of(device.name) == device.events for device in devices]
    tally("200 devices at one broker, events", DEVICES * EVENTS, EVENTS * once.count(False))
    for number, device in enumerate(devices):
        device.events += [record(1000 * number + i) for i in range(EVENTS, 2 * EVENTS)]
    run_devices(devices, lambda: bridge.events() >= DEVICES * EVENTS * 3 // 2)
    running.stop()
    running.start()
    run_devices(devices, lambda: all(device.done for device in devices))
    wait_until(lambda: all(device.events[-1] in bridge.of(device.name) for device in devices), 50)
    assert threading.active_count() == before + 1  # the bridge's
    for device in devices:
        device.client.socket().close()  # as a cut cable does
    wait_until(lambda: all(bridge.of(device.name, "status")[-1]["state"] == "offline" for device in devices), 50)
    bridge.close()
    running.stop()
    in_order = [list({event["id"]: event for event in bridge.of(d.name)}.values()) == d.events for d in devices]
    tally("the same while the broker is restarted", DEVICES * EVENTS, EVENTS * in_order.count(False))
    assert (once.count(False), in_order.count(False)) == (0, 0)
