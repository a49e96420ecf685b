"""Inputs that are nearly right: what damage, a bad cable or an enemy makes of good ones."""

import itertools
import json
import string
from collections.abc import Iterator

import cv2
import numpy as np
from tests.support.golden import tinyland

Random = np.random.Generator

WORDS = (
    "\0",
    "\ufffd",
    "'",
    '"',
    "=",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\\",
    "\n",
    "1e999",
    "-1",
    "NaN",
    "null",
    "true",
    "é",
    "ज",
)
"""What parsers stumble over."""


def damage(data: bytes, rng: Random) -> bytes:
    """Flip, cut, drop, double, swap or put in bytes, up to four times over."""
    for _ in range(rng.integers(1, 5)):
        a, b = sorted(int(place) for place in rng.integers(0, len(data) + 1, 2))
        noise = rng.integers(0, 256, int(rng.integers(1, 9)), np.uint8).tobytes()
        match rng.integers(0, 6):
            case 0:
                data = data[:a] + noise + data[a + len(noise) :]
            case 1:
                data = data[:b]
            case 2:
                data = data[:a] + data[b:]
            case 3:
                data = data[:b] + data[a:b][:4096] + data[b:]
            case 4:
                data = data[b:] + data[:b]
            case _:
                data = data[:a] + str(rng.choice(WORDS)).encode() + data[a:]
    return data


def pictures(rng: Random) -> Iterator[tuple[str, bytes]]:
    """Damaged JPEGs and PNGs, endlessly, with a file's suffix each."""
    good = []
    for suffix in (".jpg", ".png", ".bmp", ".webp"):
        image = cv2.resize(tinyland.draw_scene(("A104",), rng).image_bgr, (64, 48))
        good.append((suffix, cv2.imencode(suffix, image)[1].tobytes()))
    for suffix, data in itertools.cycle(good):
        yield suffix, damage(data, rng)


CONFIG = """\
camera = 0
size = "1280x720"
rotate = 90
roi = "0.1,0.5 0.9,0.5 0.9,1 0.1,1"
min_confidence = 0.5
gap = "10s"
store = "plates.db"
webhook = "https://example.org/plates?gate=1"
mqtt = "mqtts://gate@broker:8883"
mqtt_discovery = false
device = "gate-1"
web = "0.0.0.0:8080"
web_token = "0123456789abcdef"
keep = "30d"
quota = "1GB"
"""


def configs(rng: Random) -> Iterator[bytes]:
    """Damaged settings, endlessly: damaged bytes, and lines with other lines' values."""
    lines = [line.partition(" = ") for line in CONFIG.splitlines()]
    while True:
        keys, values = ([lines[i][part] for i in rng.permutation(len(lines))] for part in (0, 2))
        count = rng.integers(1, len(lines))
        mixed = "".join(f"{key} = {value}\n" for key, value in zip(keys[:count], values, strict=False)).encode()
        yield mixed if rng.random() < 0.3 else damage(mixed if rng.random() < 0.5 else CONFIG.encode(), rng)


def json_lines(rng: Random) -> Iterator[bytes]:
    """Damaged ends of a file of events, endlessly."""
    event = {"event": "plate", "id": "20260301T060000000-1", "text": "बा७९प५००७", "votes": [{"text": "x", "frames": 2}]}
    good = "".join(json.dumps(event | {"id": f"2026-{i}"}, ensure_ascii=False) + "\n" for i in range(3)).encode()
    while True:
        yield damage(good, rng)


def watch_lists(rng: Random) -> Iterator[bytes]:
    """Damaged lists of plates, endlessly."""
    good = 'plate,name,action\nA104,"Ram, Thapa",open\n"L\n77",Sita,\nX 410,,call\n#' + "0" * 32 + ",,\n"
    while True:
        yield damage(good.encode(), rng)


def http_answers(rng: Random) -> Iterator[bytes]:
    """What a webhook's server might send back, endlessly."""
    good = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    while True:
        yield damage(good, rng)


def http_requests(rng: Random, token: str) -> Iterator[bytes]:
    """What strangers send to a web page, endlessly."""
    paths = (
        "/",
        "/picture.jpg?after=1",
        "/state.json",
        "/metrics",
        "/health",
        "/../../etc/passwd",
        "*",
        "http://evil/",
    )
    methods = ("GET", "HEAD", "POST", "PUT", "OPTIONS", "CONNECT", "TRACE", "PRI", "\x16\x03\x01")
    extra = (
        *(
            "Content-Length: 99999999999999999999",
            "Content-Length: -1",
            "Transfer-Encoding: chunked",
            "Expect: 100-continue",
        ),
        *("Upgrade: websocket", "Connection: Upgrade", "Host: evil.example", "X: " + "y" * 20_000, ": none", " folded"),
        *("Range: bytes=0-", "Authorization: Basic Og==", f"Authorization: Bearer {token}", "Cookie: a=b; =; ;;"),
    )
    while True:
        heads = [str(rng.choice(extra)) for _ in range(rng.integers(0, 4))]
        line = f"{rng.choice(methods)} {rng.choice(paths)} HTTP/{rng.choice(['1.1', '1.0', '2.0', '9'])}"
        body = "".join(rng.choice(list(string.printable), int(rng.integers(0, 40))))
        request = "\r\n".join([line, "Host: localhost", *heads, "", body]).encode()
        yield request if rng.random() < 0.4 else damage(request, rng)


def streams(rng: Random) -> Iterator[bytes]:
    """Damaged motion JPEG streams, whole HTTP answers, endlessly."""
    jpeg = cv2.imencode(".jpg", cv2.resize(tinyland.draw_scene(("A104",), rng).image_bgr, (64, 48)))[1].tobytes()
    head = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
    part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n"
    while True:
        yield head + damage(6 * part, rng) if rng.random() < 0.7 else damage(head + 6 * part, rng)
