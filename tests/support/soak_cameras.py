"""Several cameras in one process for some time: frames read of each, and what the process holds.

python -m tests.support.soak_cameras --cameras 4 --minutes 60 [--json FILE]. The streams are motion JPEG of the demo
clip at 15 frames a second, sent by this process; lpr-edge runs in another one.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.request import urlopen

import cv2
from tests.support.deliveries import free_port
from tests.support.servers import serving

from lpr_edge.app.demo import FOLDER
from lpr_edge.capture.frame import Frame
from lpr_edge.capture.video_file import open_clip

FPS = 15.0
CHECK_EVERY_S = 5.0
"""From one look at the process to the next."""
WARM_S = 30.0
"""After the start, before its memory counts."""
BOUNDARY = "frame"


def parts() -> list[bytes]:
    """The clip's frames as parts of a motion JPEG stream."""
    found = []
    for frame in open_clip(FOLDER / "clip.mp4").frames:
        assert isinstance(frame, Frame)
        data = cv2.imencode(".jpg", frame.image_bgr)[1].tobytes()
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
        found.append(head.encode() + data + b"\r\n")
    return found


def endless(stream: list[bytes], body: BinaryIO) -> None:
    """Send a clip again and again, at its pace, until nobody reads it."""
    start = time.monotonic()
    number = 0
    while True:
        body.write(stream[number % len(stream)])
        number += 1
        time.sleep(max(0.0, start + number / FPS - time.monotonic()))


def looks(address: str, seconds: float) -> Iterator[dict[str, Any]]:
    """What the process says of itself, every few seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(CHECK_EVERY_S)
        with suppress(OSError), urlopen(f"http://{address}/state.json", timeout=5) as answer:
            yield json.load(answer)["vitals"]


def soak(cameras: int, minutes: float) -> dict[str, Any]:
    """Run so many cameras for so long; the result as a record."""
    stream, address = parts(), f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
        urls = [stack.enter_context(serving(lambda body: endless(stream, body), kind)) for _ in range(cameras)]
        flags = [word for number, url in enumerate(urls, 1) for word in ("--camera", f"camera{number}={url}")]
        command = [sys.executable, "-m", "lpr_edge", *flags, "--store", str(folder / "x.db"), "--web", address]
        with (folder / "stdout").open("w") as out:
            process = subprocess.Popen(command, stdout=out)
            seen = list(looks(address, 60 * minutes))
            process.send_signal(signal.SIGTERM)
            status = process.wait(10)
    warm = next(vitals for vitals in seen if vitals["uptime_s"] >= min(WARM_S, 20 * minutes))
    last = seen[-1]
    return {
        "command": f"make soak CAMERAS={cameras} MINUTES={minutes:g}",
        "what": f"{cameras} motion JPEG streams of the demo clip at {FPS:g} frames a second each, one process",
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[1], 1),
        "minutes": round(last["uptime_s"] / 60, 1),
        "exit_status": status,
        "cameras": {
            name: {
                "sent": round(FPS * last["uptime_s"]),
                "frames": own["frames"],
                "frames_per_second": round(own["frames"] / last["uptime_s"], 2),
                "events": own["events"],
                "age_ms": own["frame_age_ms"],
            }
            for name, own in last["cameras"].items()
        },
        "memory_mb": {"after_30_s": warm["memory_mb"], "end": last["memory_mb"]},
    }


def lines(result: dict[str, Any]) -> Iterator[str]:
    """The result as a table."""
    yield f"{result['what']}, {result['minutes']:g} minutes"
    yield f"{result['cores']} cores, load average {result['load_average']:g}"
    yield f"{'camera':<10} {'sent':>7} {'read':>7} {'a second':>9} {'events':>7} {'age p50, p95 (ms)':>20}"
    for name, own in result["cameras"].items():
        age = own["age_ms"] or {"p50": 0, "p95": 0}
        ages = f"{age['p50']:g}, {age['p95']:g}"
        counts = f"{own['sent']:>7} {own['frames']:>7} {own['frames_per_second']:>9} {own['events']:>7}"
        yield f"{name:<10} {counts} {ages:>20}"
    frames = [own["frames"] for own in result["cameras"].values()]
    yield f"least of them: {100 * min(frames) / max(1, max(frames)):.1f} % of the most"
    memory = result["memory_mb"]
    yield f"memory: {memory['after_30_s']:g} MB after 30 s, {memory['end']:g} MB at the end"


def main(argv: list[str] | None = None) -> int:
    """Run, print the table; 1 where a camera was starved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--json", type=Path, help="write the result there, too")
    arguments = parser.parse_args(argv)
    result = soak(arguments.cameras, arguments.minutes)
    print("\n".join(lines(result)))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    frames = [own["frames"] for own in result["cameras"].values()]
    return int(min(frames) < 0.8 * max(frames) or result["exit_status"] != 0)


if __name__ == "__main__":
    sys.exit(main())
