"""A place with all sinks on: its settings, the receivers beside it, and what each has got."""

import csv
import itertools
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.request import urlopen

from tests.support.deliveries import broker, free_port, wait_until
from tests.support.servers import QuietHandler, running

from lpr_edge.app.demo import FOLDER
from lpr_edge.config.loading import config_of
from lpr_edge.delivery.log_rotation import RotatedFile
from lpr_edge.delivery.outbox import Outbox

CLIP = FOLDER / "clip.mp4"
LOOK_S = 0.1
"""From one request of who looks at the page to the next: lpr keeps the captions that it drew last. The more of
the clip's are drawn in the warm-up, the less this cache still fills afterwards."""


class Place:
    """A run's folder, the receivers that write there, and its settings."""

    def __init__(self, folder: Path, webhook: str, mqtt: str) -> None:
        self.folder = folder
        self.config = config_of(
            source=str(CLIP),
            store=folder / "plates.db",
            jsonl=folder / "plates.jsonl",
            csv=folder / "plates.csv",
            rotate_size="1MB",
            snapshots=folder / "pictures",
            webhook=webhook,
            mqtt=mqtt,
            mqtt_metrics="5s",
            device="soak",
            web=f"127.0.0.1:{free_port()}",
        )

    @property
    def received(self) -> list[str]:
        """The names of the sinks that are other programs."""
        return ["webhook", "mqtt"] if self.config.sinks.get("mqtt") else ["webhook"]

    def ids(self, name: str) -> list[str]:
        """The ids that one of those, or stdout, has got."""
        path = self.folder / f"{name}.ids"
        return path.read_text().split() if path.exists() else []

    def announced(self) -> list[str]:
        return [json.loads(line)["id"] for line in (self.folder / "stdout").read_text().splitlines()]

    def wait_for_all(self) -> None:
        """What was announced has arrived everywhere; whoever waits in vain goes on, and the table shows it."""
        with suppress(AssertionError):
            wait_until(lambda: all(len(self.ids(name)) >= len(self.announced()) for name in self.received), 120)

    def stored(self) -> dict[str, list[str]]:
        """The ids in everything that keeps events, by its name."""
        box = Outbox(self.folder / "plates.db", [])
        kept = {"store": [event["id"] for event in box.records()]}
        box.close()
        lines, table = ("".join(self._whole(f"plates.{suffix}")) for suffix in ("jsonl", "csv"))
        kept["jsonl"] = [json.loads(line)["id"] for line in lines.splitlines()]
        kept["csv"] = [row[0] for row in csv.reader(table.splitlines()) if row[0] != "id"]
        pictures = {path.stem for path in (self.folder / "pictures").glob("*.jpg")}
        kept["snapshots"] = sorted(name for name in pictures if f"{name}-plate" in pictures)
        return kept | {name: self.ids(name) for name in self.received}

    def _whole(self, name: str) -> Iterator[str]:
        path = self.folder / name
        for part in [*RotatedFile(path, 0).rotated_files(), path]:
            yield part.read_text(encoding="utf-8")


@contextmanager
def receiving(folder: Path) -> Iterator[str]:
    """A webhook's server that writes down each id."""

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with (folder / "webhook.ids").open("a") as file:
                file.write(f"{body['id']}\n")
            self.send_response(200)
            self.end_headers()

    with running(Handler) as url:
        yield url


@contextmanager
def subscribed(folder: Path) -> Iterator[str]:
    """A broker, and a subscriber that writes down each id; nothing where mosquitto is missing."""
    if shutil.which("mosquitto") is None:
        yield ""
        return
    from paho.mqtt import client as mqtt

    def note(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        with (folder / "mqtt.ids").open("a") as file:
            file.write(f"{json.loads(message.payload)['id']}\n")

    port = free_port()
    with broker(folder, port):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.on_message = note
        client.connect("127.0.0.1", port)
        client.subscribe("lpr/+/event", qos=1)
        client.loop_start()
        yield f"mqtt://127.0.0.1:{port}"
        client.disconnect()
        client.loop_stop()


@contextmanager
def watched(address: str) -> Iterator[None]:
    """Somebody looks at the page."""
    over = threading.Event()

    def watch() -> None:
        paths = itertools.cycle(("picture.jpg", "state.json", "metrics", "health"))
        while not over.wait(LOOK_S):
            with suppress(OSError), urlopen(f"http://{address}/{next(paths)}", timeout=5) as answer:
                answer.read()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
