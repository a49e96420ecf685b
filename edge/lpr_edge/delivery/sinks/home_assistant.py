"""Home Assistant's MQTT discovery messages, with which it shows the device automatically."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lpr_edge import __version__
from lpr_edge.contract.records import EVENT_RECORDS

PREFIX = "homeassistant"
"""Home Assistant's default discovery prefix."""
USUAL_TOPIC = "lpr"
OF_A_CAMERA = ("plate", "match", "picture")
"""Entities that each of several cameras has for itself."""
ATTRIBUTES = "{{ dict(value_json, event_type=value_json.event) | to_json }}"
"""Template that converts an event's record to Home Assistant's event format."""


@dataclass(frozen=True)
class DiscoverySettings:
    """Which entities are shown in addition to plates."""

    metrics: bool = True
    """Whether the device publishes metrics."""
    pictures: bool = False
    """Whether it publishes a picture of each event."""


def discovery_messages(
    device: str, topic: str, announced: DiscoverySettings, cameras: Sequence[str] = ()
) -> dict[str, str]:
    """Build the discovery message of each entity: topic -> JSON.

    A plate is an event entity: two visits of one plate are two events, and a device that reconnects sends none. So
    neither it nor the match says when the device is unavailable: coming back would look like news.

    Args:
        device: the device's name.
        topic: prefix of the device's topics.
        announced: which entities there are.
        cameras: names of several, each of which is a device of its own that belongs to this one.
    """
    base = f"{topic}/{device}"
    own = [entity for entity in _entities(base, announced) if not cameras or entity[1] not in OF_A_CAMERA]
    messages = _messages(device, topic, _node(device, topic), own)
    for camera in cameras:
        name, entities = f"{device}/{camera}", _camera_entities(base, camera, announced)
        node = f"{_node(device, topic)}_{_plain(camera)}"
        messages |= _messages(name, topic, node, entities, f"lpr_{_identity(device, topic)}")
    return messages


def _messages(
    name: str, topic: str, node: str, entities: Iterable[tuple[str, str, dict[str, Any]]], belongs_to: str = ""
) -> dict[str, str]:
    """The messages of one device's entities.

    Args:
        name: of the device; of a camera with its device's before it.
        topic: prefix of the device's topics.
        node: the device's part of the discovery topics.
        entities: component, name and settings of each.
        belongs_to: identifier of the device that a camera belongs to.
    """
    identity = _identity(name, topic)
    shared = {
        "device": {
            "identifiers": [f"lpr_{identity}"],
            "name": f"lpr {name.replace('/', ' ')}",
            "manufacturer": "lpr",
            "sw_version": __version__,
        }
        | ({"via_device": belongs_to} if belongs_to else {}),
        "origin": {"name": "lpr", "sw_version": __version__},
    }
    return {
        f"{PREFIX}/{component}/{node}/{name}/config": json.dumps(
            entity | shared | {"unique_id": f"lpr_{identity}_{name}"}, ensure_ascii=False
        )
        for component, name, entity in entities
    }


def _camera_entities(base: str, camera: str, announced: DiscoverySettings) -> list[tuple[str, str, dict[str, Any]]]:
    """Entities of one of several cameras: its plates, matches, images and frame rate."""
    entities = [entity for entity in _entities(f"{base}/{camera}", announced) if entity[1] in OF_A_CAMERA]
    if announced.metrics:
        fps = {"name": "Frame rate", "icon": "mdi:speedometer", "unit_of_measurement": "fps"}
        entities.append(("sensor", "fps", fps | _measured(base, f"cameras['{camera}'].fps")))
    return entities


def _plain(camera: str) -> str:
    """A camera's part of a discovery topic: its name, or a hash if the name contains a dot."""
    return camera if "." not in camera else hashlib.sha256(camera.encode()).hexdigest()[:16]


def outdated_topics(device: str) -> list[str]:
    """Discovery topics of earlier versions, whose name was not unique; they are cleared."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", device)
    return [f"{PREFIX}/sensor/lpr_{name}/plate/config", f"{PREFIX}/binary_sensor/lpr_{name}/connected/config"]


def _identity(device: str, topic: str) -> str:
    """A hash of device and topic."""
    return hashlib.sha256(f"{topic}/{device}".encode("utf-8", "replace")).hexdigest()[:16]


def _node(device: str, topic: str) -> str:
    """Part of a topic: the name if Home Assistant allows its characters, else its hash.

    A broker can give each user its own where it is the name.
    """
    is_plain = topic == USUAL_TOPIC and re.fullmatch(r"[A-Za-z0-9_-]+", device)
    return f"lpr_{device}" if is_plain else f"lpr_{_identity(device, topic)}"


def _entities(base: str, announced: DiscoverySettings) -> list[tuple[str, str, dict[str, Any]]]:
    """Component, name and settings of each entity."""
    plate = {
        "name": "Plate",
        "icon": "mdi:car",
        "event_types": list(EVENT_RECORDS),
        "state_topic": f"{base}/event",
        "value_template": ATTRIBUTES,
    }
    match = {
        "name": "Match",
        "icon": "mdi:gate",
        "state_topic": f"{base}/match",
        "value_template": "{{ value_json.text }}",
        "json_attributes_topic": f"{base}/match",
        "force_update": True,
    }
    online = {
        "name": "Connected",
        "device_class": "connectivity",
        "entity_category": "diagnostic",
        "state_topic": f"{base}/status",
        "value_template": "{{ value_json.state }}",
        "payload_on": "online",
        "payload_off": "offline",
    }
    entities: list[tuple[str, str, dict[str, Any]]] = [
        ("event", "plate", plate),
        ("sensor", "match", match),
        ("binary_sensor", "online", online),
    ]
    if announced.metrics:
        temperature = {"name": "Temperature", "device_class": "temperature", "unit_of_measurement": "°C"}
        fps = {"name": "Frame rate", "icon": "mdi:speedometer", "unit_of_measurement": "fps"}
        entities.append(("sensor", "temperature", temperature | _measured(base, "temperature_c")))
        entities.append(("sensor", "fps", fps | _measured(base, "fps")))
    if announced.pictures:
        picture = {"name": "Picture", "image_topic": f"{base}/picture", "content_type": "image/jpeg"}
        entities.append(("image", "picture", picture))
    return entities


def _measured(base: str, field: str) -> dict[str, Any]:
    """Settings of a sensor for one field of the metrics."""
    return {
        "entity_category": "diagnostic",
        "state_class": "measurement",
        "state_topic": f"{base}/metrics",
        "value_template": f"{{{{ value_json.{field} }}}}",
        "availability_topic": f"{base}/status",
        "availability_template": "{{ value_json.state }}",
    }
