"""What goes wrong in months at a gate, against real parts. Slow: each takes a while on a slow disk."""

import shutil
from pathlib import Path

import pytest
from tests.edge.deliveries import Receiver, broker, free_port, receiving, record, wait_until
from tests.edge.test_outbox import Paper
from tests.edge.test_sinks import Listener

from lpr_edge.sinks.announcer import Announcer
from lpr_edge.sinks.courier import Courier
from lpr_edge.sinks.mqtt import Mqtt
from lpr_edge.sinks.outbox import Outbox
from lpr_edge.sinks.webhook import Webhook

pytestmark = pytest.mark.slow


@pytest.mark.skipif(shutil.which("mosquitto") is None, reason="needs mosquitto (Debian: mosquitto)")
def test_broker_down_for_1000_events(tmp_path: Path) -> None:
    """A thousand events while the broker is down: all arrive when it is up, each once, in order."""
    pytest.importorskip("paho.mqtt")
    port = free_port()
    outbox = Outbox(tmp_path / "outbox.db", ["mqtt"], keeps=False)
    sink = Mqtt(f"mqtt://127.0.0.1:{port}", "gate-1", discovery=False)
    paper = Paper()
    announcer = Announcer(outbox, paper, [Courier(sink, outbox, first_wait_s=0.05)])
    for number in range(1000):
        announcer.write(record(number))
    assert outbox.waiting() == {"mqtt": 1000}
    with broker(tmp_path, port):
        listener = Listener(port)
        wait_until(lambda: len(listener.of("lpr/gate-1/event")) >= 1000, 240)
        wait_until(lambda: outbox.waiting() == {"mqtt": 0}, 20)
        announcer.close()
        listener.close()
    assert listener.of("lpr/gate-1/event") == paper.records == [record(number) for number in range(1000)]


def test_webhook_that_fails_every_other_time(tmp_path: Path) -> None:
    """A server that answers 500 to every second request gets every event in order, repeats under the same id alone."""
    with receiving() as receiver:
        receiver.answer = lambda handler: Receiver.say(handler, 500 if len(receiver.posts) % 2 else 200)
        outbox = Outbox(tmp_path / "outbox.db", ["webhook"])
        announcer = Announcer(outbox, Paper(), [Courier(Webhook(receiver.url), outbox, first_wait_s=0.001)])
        for number in range(50):
            announcer.write(record(number))
        wait_until(lambda: outbox.waiting() == {"webhook": 0}, 120)
        announcer.close()
    assert receiver.ids == [record(number)["id"] for number in range(50) for _ in range(2)]
