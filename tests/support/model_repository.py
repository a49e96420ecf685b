"""A TUF repository of Tinyland's models, published as `lpr-export publish` does, and a device that asks it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import cv2
import numpy as np
from tests.support.golden import tinyland
from tests.support.urls import models_url

from lpr_edge.contract.run.samples import read_samples, write_samples
from lpr_edge.updates.golden_set import check_golden, read_integers, write_integers
from lpr_edge.updates.release import GOLDEN, UpdateError, target_path
from lpr_edge.updates.slots import Slots, SlotState
from lpr_edge.updates.update import Check, UpdateSource, update
from lpr_export.repository.golden_release import make_golden
from lpr_export.repository.tuf_repository import KeyCount, TufRepository

MODELS = Path(__file__).parent / "golden"
FILES = [MODELS / f"{kind}.int8.tflite" for kind in ("detector", "reader")]
COUNTS = {"root": KeyCount(2, 3), "targets": KeyCount(2, 2)}


def draw_golden(folder: Path, count: int = 2) -> Path:
    """Pictures of streets, each with a plate."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    for number in range(count):
        scene = tinyland.draw_scene(tinyland.random_rows(rng), rng)
        cv2.imwrite(str(folder / f"{number}.png"), scene.image_bgr)
    return folder


class Publisher:
    """Somebody who publishes releases of the golden models."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.keys = folder / "repository", folder / "keys"
        self.repository = TufRepository.create(self.folder, self.keys, COUNTS)
        self._scratch = folder / "scratch"
        self._scratch.mkdir()
        self.golden = make_golden(FILES, self._scratch, draw_golden(folder / "pictures"))

    @property
    def root(self) -> Path:
        """The root metadata that devices are given."""
        return self.folder / "metadata" / "1.root.json"

    def publish(self, *changed: Path, channel: str = "stable") -> int:
        """Publish the models as a new release, some files changed; returns its number."""
        before = self.repository.channels
        number = max(before.releases, default=0) + 1
        files = {path.name: path for path in (*FILES, *self.golden, *changed)}
        channels = replace(before, releases={**before.releases, number: tuple(files)}, **{channel: number})
        self.repository.publish({target_path(number, name): path for name, path in files.items()}, channels)
        return number

    def wrong_text(self, folder: Path) -> Path:
        """A golden file whose first frame should read another text."""
        samples = read_samples(self._scratch / GOLDEN)
        assert samples.truth
        write_samples(folder / GOLDEN, replace(samples, truth=(["X99"], *samples.truth[1:])))
        return folder / GOLDEN

    def wrong_integer(self, folder: Path) -> Path:
        """A golden file in which one integer of one output is another."""
        (path,) = (path for path in self.golden if path.name == "golden.reader.tflite.litert.npz")
        integers = read_integers(path)
        outputs = [output.copy() for output in integers.outputs]
        outputs[0].flat[0] ^= 1
        write_integers(folder / path.name, replace(integers, outputs=tuple(outputs)))
        return folder / path.name

    def copy_to(self, folder: Path) -> Path:
        """The repository as it is now."""
        return Path(shutil.copytree(self.folder, folder))


@dataclass
class Served:
    """What a server gives."""

    folder: Path
    endless: str = ""
    """End of a path that is answered with bytes without end."""
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    """Bytes of the endless answer."""


@contextmanager
def serving_repository(served: Served) -> Iterator[str]:
    """Serve a folder, which may change meanwhile; gives the URL."""

    class Handler(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            return str(served.folder / urlsplit(path).path.lstrip("/"))

        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            served.asked.append(self.path)
            if not served.endless or not self.path.endswith(served.endless):
                super().do_GET()
                return
            self.send_response(200)
            self.end_headers()
            try:
                while served.sent < 100 << 20:
                    self.wfile.write(b" " * 65_536)
                    served.sent += 65_536
            except OSError:
                return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=partial(server.serve_forever, poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Device:
    """A device with slots that asks a repository."""

    def __init__(self, folder: Path, url: str, root: Path, check: Check = check_golden) -> None:
        self.slots = Slots(folder)
        self.source = UpdateSource(models_url(url), root, "gate-1")
        self._check = check

    def ask(self) -> str:
        """Look for an update; what became of it."""
        try:
            update(self.source, self.slots, self._check)
        except UpdateError as error:
            return str(error)
        return self.state.result

    @property
    def state(self) -> SlotState:
        """How the slots stand."""
        return self.slots.state

    def works(self) -> bool:
        """Whether the active models give what they should; the shipped ones always do."""
        folder = self.slots.folder_of(self.state.active)
        if folder is None:
            return True
        try:
            check_golden(folder)
        except UpdateError:
            return False
        number: int = json.loads((folder / "release.json").read_text())["release"]
        return number == self.state.release
