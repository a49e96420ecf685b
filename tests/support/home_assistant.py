"""A Home Assistant with MQTT and nothing else: prints each change of a state as a line of JSON.

Run by Home Assistant's own Python: `python home_assistant.py FOLDER BROKERS_PORT WEB_PORT`.
"""

import asyncio
import json
import sys
from typing import Any

from homeassistant import bootstrap, config_entries, core, loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.setup import async_setup_component


def tell(change: Any) -> None:
    """One line a change: which entity, its state and attributes."""
    state = change.data["new_state"]
    if state is not None:
        line = {"entity": state.entity_id, "state": state.state, "attributes": dict(state.attributes)}
        print(json.dumps(line, default=str), flush=True)


async def run(folder: str, port: int, web_port: int) -> None:
    """Connect to the broker of this machine, and go on until killed."""
    hass = core.HomeAssistant(folder)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth_manager_from_config(hass, [], [])
    await async_setup_component(hass, "homeassistant", {})
    await async_setup_component(hass, "http", {"http": {"server_host": "127.0.0.1", "server_port": web_port}})
    hass.bus.async_listen("state_changed", core.callback(tell))
    entry = config_entries.ConfigEntry(
        data={"broker": "127.0.0.1", "port": port},
        discovery_keys={},
        domain="mqtt",
        entry_id="lpr",
        minor_version=2,
        options={},
        source="user",
        subentries_data=(),
        title="lpr",
        unique_id=None,
        version=1,
    )
    await hass.config_entries.async_add(entry)
    await hass.async_start()
    print(json.dumps({"entity": "ready", "state": str(entry.state), "attributes": {}}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
