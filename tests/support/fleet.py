"""A broker on the files of edge/fleet, and many devices at it in one thread."""

import json
import os
import select
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.support.deliveries import Record, free_port, start_mosquitto, wait_until

INSTALLED = "/etc/mosquitto/lpr"
"""Where the example's files stand on a broker."""
PASSWORD = "a password of no use elsewhere"


class FleetBroker:
    """mosquitto as Debian starts it, with the example's files, in a folder and on a port of its own."""

    def __init__(self, example: Path, folder: Path, users: list[str]) -> None:
        self.port = free_port()
        self.ca = folder / "lpr" / "ca.crt"
        self._settings = folder / "mosquitto.conf"
        (folder / "lpr").mkdir()
        (folder / "conf.d").mkdir()
        subprocess.run([example / "certificates", "127.0.0.1", folder / "lpr"], check=True, capture_output=True)
        shutil.copy(example / "acl", folder / "lpr" / "acl")
        passwords = folder / "lpr" / "passwords"
        passwords.write_text("".join(f"{user}:{PASSWORD}\n" for user in users))
        passwords.chmod(0o600)
        subprocess.run(["mosquitto_passwd", "-U", passwords], check=True, capture_output=True)
        text = (example / "mosquitto.conf").read_text().replace(INSTALLED, str(folder / "lpr"))
        text = text.replace("listener 8883", f"listener {self.port} 127.0.0.1")
        (folder / "conf.d" / "lpr.conf").write_text(text)
        as_root = "user root\n" if os.getuid() == 0 else ""  # else it becomes a user that may not look here
        self._settings.write_text(
            f"{as_root}persistence true\npersistence_location {folder}/\ninclude_dir {folder / 'conf.d'}\n"
        )
        self.start()

    def start(self) -> None:
        self._process = start_mosquitto(self._settings, self.port)

    def stop(self) -> None:
        """As systemctl does it."""
        self._process.terminate()
        self._process.wait(20)

    def client(self, user: str, password: str = PASSWORD, lasting: bool = False) -> Any:
        """A client that isn't connected yet; a lasting one finds what came while it was away."""
        from paho.mqtt import client as mqtt

        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"lpr-{user}", clean_session=not lasting)
        client.username_pw_set(user, password)
        client.tls_set_context(ssl.create_default_context(cafile=self.ca))
        return client


class Bridge:
    """Who reads everything, as Telegraf does: a lasting session, QoS 1."""

    def __init__(self, broker: FleetBroker, user: str = "bridge") -> None:
        self.messages: list[tuple[str, Any]] = []
        self.reason = ""
        self.client = broker.client(user, lasting=True)
        self.client.on_connect = lambda *_: self.client.subscribe("lpr/#", qos=1)
        self.client.on_message = lambda *args: self.messages.append((args[2].topic, json.loads(args[2].payload)))
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert subscribed.wait(20)

    def of(self, device: str, what: str = "event") -> list[Any]:
        return [payload for topic, payload in list(self.messages) if topic == f"lpr/{device}/{what}"]

    def events(self) -> int:
        """How many of all devices have arrived."""
        return sum(topic.endswith("/event") for topic, _ in list(self.messages))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def status(state: str) -> str:
    return json.dumps({"schema": 1, "state": state, "lpr": "0"})


class Device:
    """A device that sends its events as lpr does: the next when the broker has confirmed the one before."""

    def __init__(self, name: str, broker: FleetBroker) -> None:
        self.name = name
        self.events: list[Record] = []
        self._sent = 0
        self._port = broker.port
        self._under_way: Any = None
        self.client = broker.client(name)
        self.client.will_set(f"lpr/{name}/status", status("offline"), 1, True)
        self.client.on_connect = self._greet
        self.client.connect("127.0.0.1", self._port)

    @property
    def done(self) -> bool:
        return self._sent == len(self.events) and self._under_way is None

    def turn(self) -> None:
        """Take what has come, send what is next, and look for a broker that was lost."""
        broken = self.client.loop_read(100) or self.client.loop_misc()
        if self.client.want_write():
            self.client.loop_write()
        if broken:
            with suppress(OSError):
                self.client.reconnect()
            return
        if self._under_way is not None and self._under_way.is_published():
            self._under_way = None
        if self._under_way is None and self._sent < len(self.events) and self.client.is_connected():
            payload = json.dumps(self.events[self._sent])
            self._under_way = self.client.publish(f"lpr/{self.name}/event", payload, qos=1)
            self._sent += 1

    def _greet(self, *_: object) -> None:
        self.client.publish(f"lpr/{self.name}/status", status("online"), 1, True)


def run_devices(devices: list[Device], until: Callable[[], bool], timeout_s: float = 50.0) -> None:
    """Let all devices work, in this thread."""

    def turn_all() -> bool:
        sockets = [device.client.socket() for device in devices if device.client.socket() is not None]
        select.select(sockets, [], [], 0.05)
        for device in devices:
            device.turn()
        return until()

    wait_until(turn_all, timeout_s)
