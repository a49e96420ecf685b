"""What Home Assistant is told, so that it shows the device's plates by itself (its MQTT discovery protocol)."""

import json
import re

from lpr_edge import __version__

PREFIX = "homeassistant"
"""Where Home Assistant looks unless told otherwise."""


def discovery_messages(device: str, topic: str) -> dict[str, str]:
    """Topic -> JSON of each entity: the last plate, and whether the device is connected."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", device)
    shared = {"device": {"identifiers": [f"lpr_{name}"], "name": f"lpr {device}", "sw_version": __version__}}
    status = f"{topic}/{device}/status"
    plate = {
        "name": "Plate",
        "unique_id": f"lpr_{name}_plate",
        "icon": "mdi:car",
        "state_topic": f"{topic}/{device}/event",
        "value_template": "{{ value_json.latin }}",
        "json_attributes_topic": f"{topic}/{device}/event",
        "availability_topic": status,
        "availability_template": "{{ value_json.state }}",
    }
    connected = {
        "name": "Connected",
        "unique_id": f"lpr_{name}_connected",
        "device_class": "connectivity",
        "state_topic": status,
        "value_template": "{{ value_json.state }}",
        "payload_on": "online",
        "payload_off": "offline",
    }
    return {
        f"{PREFIX}/sensor/lpr_{name}/plate/config": json.dumps(plate | shared),
        f"{PREFIX}/binary_sensor/lpr_{name}/connected/config": json.dumps(connected | shared),
    }
