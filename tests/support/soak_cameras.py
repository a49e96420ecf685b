"""Several cameras in one process for some time: frames read of each, and what the process holds.

python -m tests.support.soak_cameras --cameras 4 --minutes 60 [--json FILE]. The streams are motion JPEG of the demo
clip at 15 frames a second, sent by this process; lpr-edge runs in another one. One more
camera is dead for the first half.
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
"""From one check of the process to the next."""
WARM_S = 30.0
"""After the start, before its memory counts."""
BOUNDARY = "frame"
STOP_S = 120.0
"""For the process to end; a busy machine lets it wait."""
LATE = "late"
"""The camera that is dead for the first half."""
LEAST_EVEN = 0.8

Record = dict[str, Any]


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


def check(address: str) -> Record | None:
    """What the process says of itself; None where it doesn't answer."""
    with suppress(OSError), urlopen(f"http://{address}/state.json", timeout=5) as answer:
        vitals: Record = json.load(answer)["vitals"]
        return vitals | {"load": os.getloadavg()[0]}
    return None


def checks(address: str, seconds: float) -> list[Record]:
    """What the process says of itself, every few seconds for so long."""
    end = time.monotonic() + seconds
    seen = []
    while time.monotonic() < end:
        time.sleep(min(CHECK_EVERY_S, seconds / 6))
        seen.append(check(address))
    return [vitals for vitals in seen if vitals]


def soak(cameras: int, minutes: float) -> Record:
    """Run so many cameras, and one that is dead until half of the time is over; the result as a record."""
    stream, address, late_port = parts(), f"127.0.0.1:{free_port()}", free_port()
    with ExitStack() as stack:

        def camera(port: int = 0) -> str:
            kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
            return stack.enter_context(serving(lambda body: endless(stream, body), kind, port=port))

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {f"camera{number}": camera() for number in range(1, cameras + 1)}
        urls[LATE] = f"http://127.0.0.1:{late_port}/stream"
        flags = [word for name, url in urls.items() for word in ("--camera", f"{name}={url}")]
        command = [sys.executable, "-m", "lpr_edge", *flags, "--store", str(folder / "x.db"), "--web", address]
        with (folder / "stdout").open("w") as out:
            process = subprocess.Popen(command, stdout=out)
            seen = [checks(address, 30 * minutes)]
            camera(late_port)
            seen.append(checks(address, 30 * minutes))
            process.send_signal(signal.SIGTERM)
            status = process.wait(STOP_S)
    return result_of(seen, cameras, minutes, status)


def result_of(seen: list[list[Record]], cameras: int, minutes: float, status: int) -> Record:
    """The record of a run.

    Args:
        seen: what the process said of itself in the first half, with the late camera dead, and in the second one.
        cameras: that gave frames all the time.
        minutes: asked for.
        status: the process's exit status.
    """
    last = seen[-1][-1]
    return {
        "command": f"make soak CAMERAS={cameras} MINUTES={minutes:g}",
        "what": f"{cameras} motion JPEG streams of the demo clip at {FPS:g} frames a second each, one process; "
        f"one more camera, {LATE}, is dead for the first half",
        "cores": os.cpu_count(),
        "minutes": round(last["uptime_s"] / 60, 1),
        "exit_status": status,
        "halves": [half_of(half) for half in seen],
        "cameras": {
            name: {"frames": own["frames"], "events": own["events"], "age_ms": own["frame_age_ms"]}
            for name, own in last["cameras"].items()
        },
        "memory_mb": memory_of([vitals for half in seen for vitals in half], minutes),
    }


def half_of(seen: list[Record]) -> Record:
    """Frames a second of each camera from the first check to the last, and how busy the machine was."""
    first, last = seen[0], seen[-1]
    seconds = last["uptime_s"] - first["uptime_s"]
    read = {name: own["frames"] - first["cameras"][name]["frames"] for name, own in last["cameras"].items()}
    return {
        "load_average": round(sum(vitals["load"] for vitals in seen) / len(seen), 1),
        "frames_per_second": {name: round(frames / seconds, 2) for name, frames in read.items()},
    }


def memory_of(seen: list[Record], minutes: float) -> Record:
    """Memory after the start, at six times in between, and at the end."""
    warm = [vitals for vitals in seen if vitals["uptime_s"] >= min(WARM_S, 20 * minutes)]
    between = [vitals["memory_mb"] for vitals in warm[:: max(1, len(warm) // 6)]]
    return {"after_30_s": warm[0]["memory_mb"], "between": between, "end": warm[-1]["memory_mb"]}


def lines(result: Record) -> Iterator[str]:
    """The result as a table."""
    first, second = result["halves"]
    yield f"{result['what']}, {result['minutes']:g} minutes"
    yield f"{result['cores']} cores, load average {first['load_average']:g}, then {second['load_average']:g}"
    yield f"{'camera':<10} {'read':>7} {'a second':>9} {'and then':>9} {'events':>7} {'age p50, p95 (ms)':>20}"
    for name, own in result["cameras"].items():
        age = own["age_ms"] or {"p50": 0, "p95": 0}
        ages = f"{age['p50']:g}, {age['p95']:g}"
        pace = f"{first['frames_per_second'][name]:>9} {second['frames_per_second'][name]:>9}"
        yield f"{name:<10} {own['frames']:>7} {pace} {own['events']:>7} {ages:>20}"
    yield f"least of them: {100 * evenness(result):.1f} % of the most"
    memory = result["memory_mb"]
    between = ", ".join(f"{value:g}" for value in memory["between"])
    yield f"memory: {memory['after_30_s']:g} MB after 30 s, {memory['end']:g} MB at the end; in between {between}"


def evenness(result: Record) -> float:
    """Frames of the camera with the fewest, as a share of those with the most; the late one doesn't count."""
    frames = [own["frames"] for name, own in result["cameras"].items() if name != LATE]
    return float(min(frames) / max(1, max(frames)))


def main(argv: list[str] | None = None) -> int:
    """Run, print the table; 1 where a camera was starved, or the late one gave nothing after it came."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--json", type=Path, help="write the result there, too")
    arguments = parser.parse_args(argv)
    result = soak(arguments.cameras, arguments.minutes)
    print("\n".join(lines(result)))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    came = result["halves"][1]["frames_per_second"][LATE] > 0
    return int(evenness(result) < LEAST_EVEN or not came or result["exit_status"] != 0)


if __name__ == "__main__":
    sys.exit(main())
