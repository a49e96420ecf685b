"""The compose file's two services next to each other: lpr on a root that it can't write, and mosquitto."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tools.container.build import Built
from tools.container.root import Root

NETWORK = "lpr-container-test"
"""The network namespace of the two."""
CLIP = "/opt/lpr/lib/python3.11/site-packages/lpr_edge/app/demo/clip.mp4"
TOKEN = "x" * 32
NO_AUTH = "listener 1883\nallow_anonymous true\n"
"""What the image eclipse-mosquitto has in /mosquitto-no-auth.conf."""
SEALED = "grep -q '^CapBnd:[[:space:]]*0*$' /proc/self/status && ! touch /x && ! touch /opt/lpr/x && touch /tmp/x y"
WAIT_S = 600.0


@dataclass(frozen=True)
class Seen:
    """What the two services did."""

    published: int
    """Events that a client of the broker got."""
    without_token: str
    """The page's HTTP status for who has no token, and for who has it."""
    with_token: str
    exit_status: int
    store_bytes: int


def service(compose: Path, name: str) -> dict[str, Any]:
    """A service of a compose file."""
    found: dict[str, Any] = yaml.safe_load(compose.read_text(encoding="utf-8"))["services"][name]
    return found


@contextmanager
def network() -> Iterator[list[str]]:
    """A network namespace with nothing but itself; gives the words that run a command in it."""
    subprocess.run(["ip", "netns", "add", NETWORK], check=True)
    inside = ["ip", "netns", "exec", NETWORK]
    try:
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        yield inside
    finally:
        subprocess.run(["ip", "netns", "delete", NETWORK], check=True)


@contextmanager
def started(words: Sequence[str], **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block."""
    process = subprocess.Popen(words, text=True, **settings)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def broker_root(base: Root, work: Path) -> Root:
    """A root with mosquitto from Debian, and its image's settings."""
    root = base.copy_to(work / "mosquitto")
    root.shell("apt-get update && apt-get install --yes --no-install-recommends mosquitto mosquitto-clients", "/")
    root.at("mosquitto-no-auth.conf").write_text(NO_AUTH, encoding="utf-8")
    return root


def run_composed(built: Built, broker: Root, compose: Path, state: Path) -> Seen:
    """Start both services as the compose file says, with the demo's clip as the stream.

    Args:
        built: lpr's image.
        broker: mosquitto's root.
        compose: the file.
        state: folder of lpr's volume; it is filled.
    """
    for root in (built.root, broker):
        root.at("etc/hosts").write_text("127.0.0.1 localhost mosquitto lpr\n", encoding="utf-8")
    values = {"LPR_SOURCE": CLIP, "LPR_WEB_TOKEN": TOKEN}
    variables = [f"{name}={values[name]}" for name in service(compose, "lpr")["environment"]]
    words = [*built.entrypoint, *service(compose, "lpr")["command"]]
    lpr = built.root.sealed_command(built.user, built.workdir, state, words, variables)
    received = state.with_name("received")
    with network() as inside, received.open("w") as lines, received.with_name("lpr.log").open("w") as log:
        mosquitto = [*inside, *broker.command(service(compose, "mosquitto")["command"])]
        listen = [*inside, *broker.command(["mosquitto_sub", "-h", "mosquitto", "-t", "lpr/gate/event"])]
        with started(mosquitto, stderr=log):
            time.sleep(5)
            with started(listen, stdout=lines), started([*inside, *lpr], stdout=log, stderr=log) as process:
                without, with_token = statuses(inside)
                status = process.wait(WAIT_S)
                time.sleep(2)
    store = state / "plates.db"
    published = len(received.read_text(encoding="utf-8").splitlines())
    return Seen(published, without, with_token, status, store.stat().st_size if store.exists() else 0)


def statuses(inside: Sequence[str]) -> tuple[str, str]:
    """The page's HTTP status without and with the token, as soon as it answers."""
    curl = [*inside, "curl", "-s", "-o", os.devnull, "-w", "%{http_code}"]
    url = "http://127.0.0.1:8080/state.json"
    first = ["--retry", "100", "--retry-delay", "1", "--retry-connrefused", url]
    answers = [
        subprocess.run([*curl, *words], capture_output=True, text=True, check=False).stdout
        for words in (first, ["-H", f"Authorization: Bearer {TOKEN}", url])
    ]
    return answers[0], answers[1]
