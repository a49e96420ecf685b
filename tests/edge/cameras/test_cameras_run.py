import json
import time
from collections import Counter
from pathlib import Path
from threading import Condition, Event
from typing import Any, BinaryIO

import cv2
import numpy as np
import pytest
from tests.support.cameras import ArrayCamera, live, street
from tests.support.deliveries import free_port
from tests.support.faults import Tally
from tests.support.servers import motion_jpeg, only_once, serving

from lpr_edge.app.cli import main
from lpr_edge.app.demo import FOLDER
from lpr_edge.cameras.feed import CameraFeed
from lpr_edge.cameras.turns import FairTurns
from lpr_edge.config.loading import config_of
from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.outbox import Outbox
from lpr_edge.wiring.config_check import check_settings

CLIP = str(FOLDER / "clip.mp4")
SAME = ("text", "confidence", "frames", "votes", "quad", "matched")


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def of_source(found: list[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    return [{key: event.get(key) for key in SAME} for event in found if event["source"] == source]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three vehicles of Tinyland, one after the other."""
    path = tmp_path_factory.mktemp("clips") / "street.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 240))
    for seed in (3, 4, 5):
        for _ in range(12):
            writer.write(street(seed))
    writer.release()
    return path


@pytest.fixture
def networks(golden: Path) -> list[str]:
    """Flags of Tinyland's networks."""
    return ["--detector", str(golden / "detector.int8.tflite"), "--reader", str(golden / "reader.int8.tflite")]


def test_cameras_that_fail_disturb_no_other(
    clip: Path,
    networks: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    tally: Tally,
) -> None:
    """Beside cameras that are gone, hang, die or send garbage, the others' events all come, as if each were alone."""
    assert main(["--source", str(clip), *networks]) == 0
    alone = of_source(events(capsys), str(clip))
    assert len(alone) >= 2
    black = np.zeros((240, 320, 3), np.uint8)
    dying, jpegs = motion_jpeg([black] * 5)

    def garbage(body: BinaryIO) -> object:
        return body.write(np.random.default_rng(1).bytes(200_000))

    def hanging(body: BinaryIO) -> None:
        dying(body)
        time.sleep(1.5)

    monkeypatch.setattr("lpr_edge.capture.open_source.TIMEOUT_MS", 500)
    with (
        serving(only_once(hanging), jpegs) as hangs,
        serving(garbage, "x/y") as sends,
        serving(only_once(dying), jpegs) as dies,
    ):
        bad = [f"http://127.0.0.1:{free_port()}/x", hangs, sends, dies]
        texts = [f"north={clip}", *(f"bad{number}={url}" for number, url in enumerate(bad)), f"south={clip}"]
        flags = [word for text in texts for word in ("--camera", text)]
        assert main([*flags, *networks, "--give-up", "1s", "--store", str(tmp_path / "x.db")]) == 1
    found = events(capsys)
    lost = sum(event not in of_source(found, name) for name in ("north", "south") for event in alone)
    tally("beside four cameras that fail, the others' events", 2 * len(alone), lost)
    assert of_source(found, "north") == of_source(found, "south") == alone
    assert max(Counter(event["id"] for event in found).values()) == 1


def test_each_camera_has_its_own_list(
    clip: Path, networks: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A plate on one camera's list matches at that camera alone, and one outbox stores the events of both."""
    assert main(["--source", str(clip), *networks]) == 0
    text = events(capsys)[0]["text"]
    (tmp_path / "gate.csv").write_text(f"plate,name,action\n{text},Ram,open\n")
    (tmp_path / "lpr.toml").write_text(
        f"store = '{tmp_path}/x.db'\n"
        f"[[cameras]]\nname = 'gate'\nsource = '{clip}'\nlist = '{tmp_path}/gate.csv'\n"
        f"[[cameras]]\nname = 'yard'\nsource = '{clip}'\n"
    )
    assert main(["--config", str(tmp_path / "lpr.toml"), *networks]) == 0
    found = events(capsys)
    gate = [event for event in found if event["source"] == "gate" and event["text"] == text]
    yard = [event for event in found if event["source"] == "yard" and event["text"] == text]
    assert gate[0]["matched"]["name"] == "Ram"
    assert "matched" not in yard[0]
    box = Outbox(tmp_path / "x.db", [])
    assert len(list(box.records())) == len(found)
    box.close()


def test_max_frames_counts_all_cameras(clip: Path, networks: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`--max-frames` and `--every-frame` work on all cameras together, and frames take turns."""
    flags = ["--camera", f"a={clip}", "--camera", f"b={clip}", "--every-frame", "--max-frames", "8"]
    assert main([*flags, *networks]) == 0
    found = Counter(record["source"] for record in events(capsys))
    assert (found.total(), set(found)) == (8, {"a", "b"})


@pytest.mark.parametrize(
    ("camera", "says"),
    [
        ({"source": "/nowhere/x.mp4"}, "camera bad: no file or folder /nowhere/x.mp4"),
        ({"source": "gopher://h/x"}, "camera bad: `source` is 'gopher"),
        ({"source": "."}, "camera bad: . holds pictures"),
        ({"camera": 0, "roi": "1,2"}, "camera bad: Setting `roi` is"),
        ({"camera": 0, "line": "0,0 1"}, "camera bad: Setting `line` is"),
        ({"camera": 0, "tiles": "4by3"}, "camera bad: Setting `tiles` is"),
        ({"camera": 0, "list": "/nowhere/list.csv"}, "/nowhere/list.csv"),
    ],
)
def test_what_can_never_be_read_is_refused_at_the_start(camera: dict[str, Any], says: str) -> None:
    """A mistake in one camera's settings ends the start, and a reload refuses it: it would be silent for ever."""
    with pytest.raises(LprError) as caught:
        check_settings(config_of(cameras=[{"name": "good", "source": CLIP}, {"name": "bad"} | camera]))
    assert says in str(caught.value)


def test_closing_is_quick_while_a_camera_hangs() -> None:
    """A stop doesn't wait for a camera that hangs in its driver: it still hangs when the stop is over."""
    changed, released, returned = Condition(), Event(), Event()

    def hang() -> None:
        released.wait(60)
        returned.set()

    camera = ArrayCamera(street(1), count=1, at_end=hang)
    turns = FairTurns([CameraFeed("hangs", lambda: live(camera), changed)], changed)
    next(turns.items())
    turns.close()
    assert not returned.is_set()
    released.set()
