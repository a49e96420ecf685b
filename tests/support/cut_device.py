"""A device that makes events without end, into the outbox and by MQTT as lpr-edge does; made to be killed.

python -m tests.support.cut_device FOLDER PORT NAME PER_SECOND
"""

import os
import sys
import time
from pathlib import Path
from uuid import uuid4

from tests.fleet.fakes import event
from tests.support.centre import PASSWORD
from tests.support.urls import broker_url

from lpr_edge.contract.records import iso_time
from lpr_edge.delivery.delivery_worker import DeliveryWorker
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.delivery.sinks.mqtt import Mqtt

MADE = "made.log"
"""Ids of the events that the outbox has on disk."""


def main(folder: Path, port: int, name: str, per_second: float) -> None:
    """Make events until the process is killed."""
    from datetime import UTC, datetime

    outbox = Outbox(folder / "outbox.db", ["mqtt"], keeps=False)
    sink = Mqtt(
        broker_url(f"mqtt://{name}@127.0.0.1:{port}"),
        name,
        PASSWORD,
        discovery=False,
        client_id=f"lpr-{name}",
    )
    worker = DeliveryWorker(sink, outbox)
    made = os.open(folder / MADE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    while True:
        now = iso_time(datetime.now(UTC))
        record = outbox.add(event(0) | {"id": uuid4().hex, "first_seen": now, "last_seen": now})
        worker.wake()
        os.write(made, f"{record['id']}\n".encode())
        time.sleep(1 / per_second)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
