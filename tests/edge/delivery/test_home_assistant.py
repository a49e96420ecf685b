import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.edge.delivery.test_mqtt import ALL, needs_mosquitto, port, sink_at
from tests.edge.delivery.test_sinks import Listener, event_of
from tests.edge.watchlist.test_matching import match
from tests.support.deliveries import free_port, record, wait_until

from lpr_edge.delivery.sink import StoredEvent
from lpr_edge.delivery.sinks.home_assistant import DiscoverySettings, discovery_messages, outdated_topics
from lpr_edge.output.event_pictures import take_pictures

__all__ = ["port"]

SCHEMA = Path(__file__).with_name("home_assistant_schema.json")
VERSION = "2025.4.4"
"""Of Home Assistant; it needs Python 3.13."""
OURS = "LPR_TEST_HOME_ASSISTANT"
"""Of the environment: a Python that has Home Assistant and paho-mqtt already."""


def validate(topic: str, payload: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(SCHEMA.read_text())
    prefix, component, node, name, last = topic.split("/")
    assert (prefix, last) == ("homeassistant", "config")
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", part) for part in (node, name))
    part = schema["components"][component] | {"$defs": schema["$defs"]}
    jsonschema.Draft202012Validator.check_schema(part)
    errors = [error.message for error in jsonschema.Draft202012Validator(part).iter_errors(json.loads(payload))]
    assert errors == []


@pytest.mark.parametrize("device", ["gate-1", "गेट-१", "gate.1", 'Gate "1" / x'.replace("/", "")])
def test_discovery_is_what_home_assistant_takes(device: str) -> None:
    """Each message has the parts that Home Assistant documents, and no others, whatever the device's name."""
    messages = discovery_messages(device, "lpr", ALL)
    assert sorted(topic.split("/")[1] for topic in messages) == [
        *("binary_sensor", "event", "image", "sensor", "sensor", "sensor")
    ]
    for topic, payload in messages.items():
        validate(topic, payload)


def test_discovery_knows_both_kinds_of_events() -> None:
    """The event entity takes plates and vehicles that have left; Home Assistant drops kinds that it wasn't told of."""
    messages = discovery_messages("gate-1", "lpr", ALL)
    (plate,) = (json.loads(payload) for topic, payload in messages.items() if topic.split("/")[1] == "event")
    assert plate["event_types"] == ["plate", "left"]


def test_discovery_tells_only_of_what_is_published() -> None:
    """Without metrics there is no temperature and no frame rate, without pictures no picture."""
    messages = discovery_messages("gate-1", "lpr", DiscoverySettings(metrics=False, pictures=False))
    assert [topic.split("/")[3] for topic in messages] == ["plate", "match", "online"]


def test_every_device_is_one_of_its_own() -> None:
    """Names that differ only in signs that topics lack, or in their topic, share no topic and no id."""
    names = [("गेट-१", "lpr"), ("गेट-२", "lpr"), ("gate.1", "lpr"), ("gate_1", "lpr"), ("gate_1", "site/2")]
    found = [discovery_messages(device, topic, ALL) for device, topic in names]
    topics = [topic for messages in found for topic in messages]
    entities = [json.loads(payload) for messages in found for payload in messages.values()]
    assert len(set(topics)) == len(topics)
    assert len({entity["unique_id"] for entity in entities}) == len(entities)
    assert len({entity["device"]["identifiers"][0] for entity in entities}) == len(names)


def test_news_have_no_availability() -> None:
    """The plate's event and the match stay as they are while the device is away: coming back isn't a visit."""
    messages = discovery_messages("gate-1", "lpr", ALL)
    with_it = {topic.split("/")[3] for topic, payload in messages.items() if "availability_topic" in payload}
    assert with_it == {"temperature", "fps"}


@needs_mosquitto
def test_what_earlier_versions_announced_goes(port: int) -> None:
    """The retained messages of the old sensor are emptied, or Home Assistant would show it for ever."""
    listener = Listener(port)
    for topic in outdated_topics("gate.1"):
        listener.client.publish(topic, "{}", qos=1, retain=True)
    sink = sink_at(port, "gate.1", discovery=True)
    wait_until(lambda: all(listener.of(topic)[-1:] == [None] for topic in outdated_topics("gate.1")))
    sink.close()
    listener.close()
    late = Listener(port)
    wait_until(lambda: len(late.messages) >= 6)
    late.close()
    assert not [topic for topic, _, _ in late.messages if topic in outdated_topics("gate.1")]


@pytest.fixture(scope="module")
def hass_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with Home Assistant; skips where it can't be installed."""
    if OURS in os.environ:
        return Path(os.environ[OURS])
    python = shutil.which("python3.13")
    if python is None:
        pytest.skip(f"Home Assistant {VERSION} needs Python 3.13")
    folder = tmp_path_factory.mktemp("hass")
    ours = folder / "bin" / "python"
    packages = (f"homeassistant=={VERSION}", "paho-mqtt==2.1.0")
    for command in ((python, "-m", "venv", folder), (ours, "-m", "pip", "install", "--quiet", *packages)):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"Home Assistant {VERSION} doesn't install here: {done.stderr.strip()[-200:]}")
    return ours


class HomeAssistant:
    """One that runs, and what it says of its entities."""

    def __init__(self, python: Path, folder: Path, port: int) -> None:
        (folder / "configuration.yaml").write_text("{}\n")
        self._out, self._err = folder / "stdout", folder / "stderr"
        script = Path(__file__).parents[2] / "support" / "home_assistant.py"
        command = [str(python), str(script), str(folder), str(port), str(free_port())]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(command, stdout=out, stderr=err)
        wait_until(lambda: bool(self.states("ready")) or self._process.poll() is not None, 120)
        assert self.states("ready") == ["ConfigEntryState.LOADED"], self.errors

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What it has printed."""
        return [json.loads(line) for line in self._out.read_text().splitlines(keepends=True) if line.endswith("\n")]

    @property
    def errors(self) -> str:
        """What it has complained of."""
        return self._err.read_text()

    def has_told(self, entity: str, times: int) -> bool:
        """Tell whether an entity has had so many states."""
        return len(self.states(entity)) == times

    def states(self, entity: str) -> list[str]:
        """The states that an entity has had, one after the other."""
        return [change["state"] for change in self.changes if change["entity"] == entity]

    def attributes(self, entity: str) -> dict[str, Any]:
        """Those of its latest state."""
        attributes: list[dict[str, Any]] = [
            change["attributes"] for change in self.changes if change["entity"] == entity
        ]
        return attributes[-1]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def hass(hass_python: Path, tmp_path: Path, port: int) -> Iterator[HomeAssistant]:
    """A Home Assistant at the broker."""
    (tmp_path / "hass").mkdir()
    running = HomeAssistant(hass_python, tmp_path / "hass", port)
    yield running
    running.close()


@needs_mosquitto
@pytest.mark.slow
def test_home_assistant_itself(hass: HomeAssistant, port: int) -> None:
    """Two devices stay two; two visits of a plate are two events; a device that reconnects tells no visit."""
    first = sink_at(port, "गेट-१", discovery=True, announced=ALL)
    second = sink_at(port, "गेट-२", discovery=True)
    connected = [f"binary_sensor.lpr_gett_{number}_connected" for number in (1, 2)]
    wait_until(lambda: all(hass.states(entity)[-1:] == ["on"] for entity in connected), 60)
    wait_until(lambda: "image.lpr_gett_1_picture" in {change["entity"] for change in hass.changes}, 60)
    plate, told = "event.lpr_gett_1_plate", "sensor.lpr_gett_1_match"
    for number in (1, 2):
        seen = record(number) | {"text": "बा१", "latin": "BA1"}
        first.deliver(StoredEvent(number, seen, take_pictures(event_of("A10"))))
        first.publish_match(match(number=number))
        wait_until(partial(hass.has_told, plate, number + 1), 60)
        wait_until(partial(hass.has_told, told, number + 1), 60)
    first.publish_metrics({"fps": 12.5, "temperature_c": 51.0})
    wait_until(lambda: hass.states("sensor.lpr_gett_1_temperature")[-1] == "51.0", 60)
    assert hass.states("sensor.lpr_gett_1_frame_rate")[-1] == "12.5"
    assert (hass.attributes(plate)["event_type"], hass.attributes(plate)["text"]) == ("plate", "बा१")
    assert (hass.states(told), hass.attributes(told)["action"]) == (["unknown", "A104", "A104"], "open")
    assert len(set(hass.states("image.lpr_gett_1_picture"))) == 3
    first._client._client.socket().shutdown(2)  # as a cut cable does
    wait_until(lambda: hass.states(connected[0])[-3:] == ["on", "off", "on"], 60)
    time.sleep(1.0)
    assert (len(hass.states(plate)), len(hass.states(told))) == (3, 3)
    assert (hass.states("event.lpr_gett_2_plate"), hass.states("sensor.lpr_gett_2_match")) == (["unknown"], ["unknown"])
    first.close()
    second.close()
    wait_until(lambda: hass.states(connected[0])[-1] == "off", 60)
    assert "rror" not in hass.errors, hass.errors


def test_each_of_several_cameras_is_a_device() -> None:
    """Plates, matches and pictures belong to the camera that saw them, and temperature and state to the device."""
    found = discovery_messages("hut", "lpr", DiscoverySettings(pictures=True), ("gate", "yard.2"))
    devices: dict[str, set[str]] = {}
    for text in found.values():
        message = json.loads(text)
        devices.setdefault(message["device"]["name"], set()).add(message["name"])
    assert devices["lpr hut gate"] == devices["lpr hut yard.2"] == {"Plate", "Match", "Picture", "Frame rate"}
    assert devices["lpr hut"] == {"Connected", "Temperature", "Frame rate"}
    gate = json.loads(found["homeassistant/event/lpr_hut_gate/plate/config"])
    assert gate["state_topic"] == "lpr/hut/gate/event"
    assert gate["device"]["via_device"] in json.loads(next(iter(found.values())))["device"]["identifiers"]
    assert len({json.loads(text)["unique_id"] for text in found.values()}) == len(found)
