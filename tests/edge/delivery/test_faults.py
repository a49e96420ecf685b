"""What goes wrong in months at a gate, against real parts. Slow: each takes a while on a slow disk."""

import itertools
import json
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.edge.app.test_edge_cli import models
from tests.edge.delivery.test_outbox import Paper
from tests.edge.delivery.test_sinks import Listener, lie, reset
from tests.support.deliveries import Receiver, Record, broker, free_port, receiving, record, wait_until
from tests.support.faults import Tally
from tests.support.golden import tinyland
from tests.support.servers import QuietHandler
from tests.support.urls import broker_url, webhook_url

from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.enqueue import EventEnqueuer
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sinks.mqtt import Mqtt
from lpr_edge.delivery.sinks.webhook import Webhook

__all__ = ["models"]

pytestmark = [pytest.mark.slow, pytest.mark.faults]


def missing(wanted: list[Record], found: list[Record]) -> int:
    """How many events aren't among those found."""
    ids = {event["id"] for event in found}
    return sum(event["id"] not in ids for event in wanted)


@pytest.mark.skipif(shutil.which("mosquitto") is None, reason="needs mosquitto (Debian: mosquitto)")
def test_broker_down_for_1000_events(tmp_path: Path, tally: Tally) -> None:
    """A thousand events while the broker is down: all arrive when it is up, each once, in order."""
    pytest.importorskip("paho.mqtt")
    port = free_port()
    outbox = Outbox(tmp_path / "outbox.db", ["mqtt"], keeps=False)
    sink = Mqtt(broker_url(f"mqtt://127.0.0.1:{port}"), "gate-1", discovery=False)
    paper = Paper()
    enqueuer = EventEnqueuer(outbox, paper, [DeliveryWorker(sink, outbox, first_wait_s=0.05)])
    for number in range(1000):
        enqueuer.write(record(number))
    assert outbox.waiting() == {"mqtt": 1000}
    with broker(tmp_path, port):
        listener = Listener(port)
        wait_until(lambda: len(listener.of("lpr/gate-1/event")) >= 1000, 240)
        wait_until(lambda: outbox.waiting() == {"mqtt": 0}, 20)
        enqueuer.close()
        listener.close()
    tally("broker down, events", 1000, missing(paper.records, listener.of("lpr/gate-1/event")))
    assert listener.of("lpr/gate-1/event") == paper.records == [record(number) for number in range(1000)]


def hang(_: BaseHTTPRequestHandler) -> None:
    time.sleep(1.0)  # longer than the webhook waits below


FAILURES = {
    "answers 500": lambda handler: Receiver.say(handler, 500),
    "times out": hang,
    "resets": reset,
    "answers no HTTP": lie,
}


@pytest.mark.parametrize("failure", FAILURES)
def test_webhook_that_fails_every_other_time(tmp_path: Path, failure: str, tally: Tally) -> None:
    """A server that fails every second request still gets every event in order, repeats under the same id alone."""
    with receiving() as receiver:
        receiver.answer = lambda handler: (
            FAILURES[failure](handler) if len(receiver.posts) % 2 else Receiver.say(handler, 200)
        )
        outbox, paper = Outbox(tmp_path / "outbox.db", ["webhook"]), Paper()
        sink = Webhook(webhook_url(receiver.url), timeout_s=0.5)
        enqueuer = EventEnqueuer(outbox, paper, [DeliveryWorker(sink, outbox, first_wait_s=0.001)])
        for number in range(20):
            enqueuer.write(record(number))
        wait_until(lambda: outbox.waiting() == {"webhook": 0}, 120)
        enqueuer.close()
    tally(f"webhook that {failure}, events", 20, missing(paper.records, [body for _, body in receiver.posts]))
    assert receiver.ids == [record(number)["id"] for number in range(20) for _ in range(2)]


FULL_DISK = """
import json, sys
from pathlib import Path
from tests.support.deliveries import record, wait_until
from lpr_edge.delivery import enqueue as announcing
from lpr_edge.delivery.sinks.json_lines import JsonLines
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.sinks.log_files import JsonFile
from lpr_edge.delivery.outbox import Outbox

announcing.TRY_AGAIN_S = 0.1
folder = Path(sys.argv[1])
ballast = folder / "ballast"
ballast.write_bytes(b"x" * 3_400_000)
box, lines = Outbox(folder / "outbox.db", ["jsonl"]), JsonFile(folder / "plates.jsonl", 10_000_000)
enqueuer = announcing.EventEnqueuer(box, JsonLines(sys.stdout), [DeliveryWorker(lines, box, first_wait_s=0.05)])
for number in range(500):
    enqueuer.write(record(number) | {"text": "x" * 1000})
held = enqueuer.waiting()["held"]
ballast.unlink()
def tended():
    enqueuer.tick()
    return enqueuer.waiting() == {"jsonl": 0}
wait_until(tended, 60)
enqueuer.close()
written = [json.loads(line)["id"] for line in lines.file.path.read_text().splitlines()]
print(json.dumps({"held": held, "written": written}))
"""


@pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0,
    reason="needs a small disk of its own, which this system lets no user mount (unshare -rm)",
)
def test_a_disk_that_is_full(tmp_path: Path, repository: Path, tally: Tally) -> None:
    """On a real disk of 4 MB that fills, events wait in memory; when there is room all are stored, told and written."""
    mounted = 'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-c", mounted, "sh", str(tmp_path), sys.executable, FULL_DISK]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True, timeout=120)
    *announced, last = [json.loads(line) for line in done.stdout.splitlines()]
    wanted = [record(number)["id"] for number in range(500)]
    tally("full disk, events", 500, len(set(wanted) - set(last["written"])))
    assert last["held"] > 0
    assert ([event["id"] for event in announced], last["written"]) == (wanted, wanted)
    assert "takes no events (database or disk is full)" in done.stderr


class Camera:
    """A network camera (motion JPEG) that shows a plate, and comes and goes."""

    def __init__(self) -> None:
        self.port = free_port()
        image = tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr
        noisy = [cv2.add(image, np.random.default_rng(i).integers(0, 8, image.shape, np.uint8)) for i in range(8)]
        self._jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in noisy]

    def run_for(self, seconds: float) -> None:
        """Be there for a while."""
        end = time.monotonic() + seconds
        jpegs = self._jpegs

        class Handler(QuietHandler):
            def do_GET(self) -> None:  # noqa: N802
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                for jpeg in itertools.cycle(jpegs):
                    if time.monotonic() > end:
                        return
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                    time.sleep(0.05)

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        time.sleep(seconds)
        server.shutdown()
        server.server_close()


def test_a_camera_gone_and_back_20_times(models: list[str], tmp_path: Path, tally: Tally) -> None:
    """The whole command on a camera that goes and comes back 20 times: a line for each, and one event in all."""
    camera, errors = Camera(), tmp_path / "stderr"
    url = f"http://127.0.0.1:{camera.port}/"
    first = threading.Thread(target=camera.run_for, args=(6.0,))
    first.start()
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "lpr_edge", "--source", url, "--gap", "1h", *models],
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    assert process.stdout is not None
    event = json.loads(process.stdout.readline())
    first.join()
    backs = 0
    for number in range(20):
        while errors.read_text().count("is back after") == number and process.poll() is None:
            camera.run_for(1.0)
        backs = errors.read_text().count("is back after")
    process.terminate()
    out, _ = process.communicate(timeout=120)
    tally("camera gone and back", 20, 20 - min(20, backs))
    lines = errors.read_text().splitlines()
    assert (process.returncode, event["text"], out) == (0, "A104", b"")
    assert 20 <= sum("it is tried again until it is back" in line for line in lines) <= backs + 1
