"""All pages of a gate at work: the demo clip's rendered vehicles over a morning, with list, history and drawing."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from tests.support.deliveries import free_port
from tests.support.histories import NEPAL, event, history_of
from tests.support.pages import ADMIN_TOKEN, TOKEN
from tests.support.readings import frame

from lpr_edge.api import PlateReader
from lpr_edge.base.web_address import WebAddress
from lpr_edge.capture.frame import Frame
from lpr_edge.contract.base.arrays import Image
from lpr_edge.history.access import HistoryAccess
from lpr_edge.history.search import SearchFilter
from lpr_edge.output.annotate import Marks
from lpr_edge.regions.shapes import Line, Region
from lpr_edge.service.audit_log import AuditLog
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.text.grammar import Grammar
from lpr_edge.vision.plates import FrameResult, PlateReading
from lpr_edge.web.picture import LivePage
from lpr_edge.wiring.wire_pages import draw_routes, history_routes, list_file, list_routes
from lpr_edge.wiring.wire_web import open_page

CLIP = Path(__file__).resolve().parents[2] / "edge/lpr_edge/app/demo/clip.mp4"
ROI, LINE = "0.05,0.1 0.95,0.1 0.95,0.95 0.05,0.95", "0.1,0.6 0.9,0.5"
VISITS = (
    *((0, 3, "in"), (2, 9, "in"), (1, 16, "in"), (3, 24, None), (0, 41, "out"), (4, 47, "in"), (2, 58, "out")),
    *((1, 73, "out"), (0, 95, "in"), (4, 102, "out"), (3, 110, "in")),
)
"""Number of the clip's vehicle, minute, and direction."""
LISTED = {0: ("Ram Thapa", "open"), 2: ("Delivery", "call")}
"""Name and action of vehicles on the list, by number."""


@dataclass(frozen=True)
class Vehicle:
    """One of the demo clip's."""

    record: dict[str, Any]
    pictures: dict[str, bytes]
    """JPEGs: `frame` and `plate`."""

    @property
    def frame_bgr(self) -> Image:
        """(H, W, 3) uint8: the frame that shows it best."""
        return np.asarray(cv2.imdecode(np.frombuffer(self.pictures["frame"], np.uint8), cv2.IMREAD_COLOR), np.uint8)


@cache
def vehicles() -> tuple[Vehicle, ...]:
    """What lpr reads in the demo clip, first to last."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "history"
        command = [sys.executable, "-m", "lpr_edge", "--source", str(CLIP), "--source-name", "gate-1"]
        kept = ["--history", "3000d", "--history-folder", str(folder), "--store", f"{scratch}/events.db"]
        subprocess.run([*command, *kept], check=True, capture_output=True)
        access = HistoryAccess(folder, Grammar(NEPAL))
        found = reversed(access.page(SearchFilter()).events)
        return tuple(Vehicle(dict(each.record), _pictures(access, each.record["id"])) for each in found)


def _pictures(access: HistoryAccess, event_id: str) -> dict[str, bytes]:
    pictures = {name: access.picture(event_id, name) for name in ("frame", "plate")}
    return {name: jpeg for name, jpeg in pictures.items() if jpeg is not None}


def visits() -> list[tuple[dict[str, Any], dict[str, bytes]]]:
    """The records and pictures of a morning, first to last."""
    return [_visit(*visit) for visit in VISITS]


def _visit(number: int, minute: int, way: str | None) -> tuple[dict[str, Any], dict[str, bytes]]:
    vehicle, own = vehicles()[number], event(minute)
    record = vehicle.record | {key: own[key] for key in ("id", "first_seen", "last_seen")}
    record |= {"matched": None}
    record.pop("direction", None)
    if number in LISTED:
        name, action = LISTED[number]
        record["matched"] = {"plate": record["text"], "name": name, "action": action, "edits": 0}
    return record | ({"direction": way} if way else {}), vehicle.pictures


@contextmanager
def gate(folder: Path, cameras: Sequence[str] = ()) -> Iterator[LivePage]:
    """The pages with both tokens, while frames go on; `folder` takes list, settings, history and log.

    Args:
        folder: empty.
        cameras: names of several; empty for one source.
    """
    stats = RuntimeStats("main-gate", {"detector": "detector.int8.tflite", "reader": "reader.int8.tflite"}, folder)
    if cameras:
        stats = RuntimeStats("main-gate", stats.models, folder, cameras=cameras)
    for record, _ in visits():
        stats.count_event(record | {"event": "plate", "source": cameras[0] if cameras else "gate-1"})
        stats.visits.count_event(record | {"event": "left", "dwell_s": 40.0})
    marks = Marks(Region.parse(ROI, "roi").corners_xy, Line.parse(LINE, "line").ends_xy)
    live = open_page(
        WebAddress("127.0.0.1", free_port()),
        TOKEN,
        stats,
        60.0,
        marks=marks,
        camera_marks=dict.fromkeys(cameras, marks) or None,
        pages=_pages(folder, cameras),
        admin_token=ADMIN_TOKEN,
    )
    over = threading.Event()
    thread = threading.Thread(target=_go_on, args=(live, stats, cameras or ("gate-1",), over))
    thread.start()
    try:
        yield live
    finally:
        over.set()
        thread.join()
        live.close()


def _pages(folder: Path, cameras: Sequence[str]) -> dict[str, list[Any]]:
    kept = history_of(folder / "history", [])
    for record, pictures in visits():
        history_of(folder / "history", [record], pictures)
    watch, settings = folder / "gate.csv", folder / "lpr.toml"
    rows = [f"{vehicles()[number].record['text']},{name},{action}" for number, (name, action) in LISTED.items()]
    watch.write_text("\n".join(["plate,name,action", *rows, "BA 79 PA 5007,Sita Rai,open", ""]), encoding="utf-8")
    settings.write_text(
        "".join(f'[[cameras]]\nname = "{name}"\ncamera = 0\n' for name in cameras) or "camera = 0\n", encoding="utf-8"
    )
    drawn = {name: {"roi": ROI, "line": LINE, "tiles": "auto"} for name in cameras or ("",)}
    audit = AuditLog(folder / "audit.jsonl")
    return {
        "history": history_routes(kept),
        "list": list_routes({"gate.csv": list_file(watch, Grammar(NEPAL))}, audit),
        "draw": draw_routes(drawn, 384, settings, audit),
    }


def _go_on(live: LivePage, stats: RuntimeStats, sources: Sequence[str], over: threading.Event) -> None:
    """Show the vehicles in turn, three seconds each, at ten frames a second, with a shift between cameras."""
    reader, shown = PlateReader(tta=0).photographs, list[tuple[Image, Sequence[PlateReading]]]()
    for index in range(1_000_000):
        if len(shown) < len(vehicles()):
            image = vehicles()[len(shown)].frame_bgr
            shown.append((image, reader.read(image).plates))
        for place, source in enumerate(sources):
            image, plates = shown[(index // 30 + place) % len(shown)]
            taken = Frame(image, source, index, frame(index).time, 8.0)
            stats.add(taken, FrameResult(tuple(plates), 21.0, 6.0))
            live.show(taken, plates)
        if over.wait(0.1):
            return
