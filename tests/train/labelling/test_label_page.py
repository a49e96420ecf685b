"""The labelling page: who may change labels, and thirty plates labelled in Chromium by keys alone."""

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.browser import CHROMIUM, NEEDED, Browser, browsing
from tests.support.deliveries import free_port
from tests.support.golden import tinyland

from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import load_plates
from lpr_edge.web.server import Server
from lpr_train.app.cli import main
from lpr_train.labelling.app import App
from lpr_train.labelling.workplace import Part, Workplace

COUNTRY = Path(tinyland.__file__).with_name("tinyland.toml")
COUNT = 30
WRONG, UNREADABLE, NO_PLATE = (3, 8, 14, 21), 10, 17
"""Pictures whose reading a person must change."""


def write_readings(root: Path, count: int = COUNT) -> list[str]:
    """A collected folder of streets with a reading each, the least confident first; their true texts."""
    folder = root / "plates"
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(5)
    lines, texts = [], []
    for number in range(count):
        rows = tinyland.random_rows(rng)
        scene = tinyland.draw_scene(rows, rng)
        name = f"{number:02d}.png"
        cv2.imwrite(str(folder / "images" / name), scene.image_bgr)
        texts.append("".join(rows))
        read = ["X00"] if number in WRONG else list(rows)
        plate = {"quad": scene.plates[0][0].tolist(), "rows": read, "label": "reading", "confidence": number / 100}
        lines.append({"image": name, "split": "unlabelled", "source": "collected", "plates": [plate]})
    (folder / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return texts


@contextmanager
def labelling(
    root: Path, port: int, stop: signal.Signals = signal.SIGTERM, flags: Sequence[str] = (), token: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """`lpr-train label` in a process of its own, ended by a signal."""
    command = [sys.executable, "-m", "lpr_train", "label", str(root), "--web", f"127.0.0.1:{port}", *flags]
    known = os.environ | {"LPR_WEB_TOKEN": token}
    process = subprocess.Popen([*command, "--country", str(COUNTRY)], stdout=subprocess.PIPE, text=True, env=known)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert "Label at http://127.0.0.1" in said
        assert (f"password: {token}" in said) == bool(token)
        yield process
    finally:
        process.send_signal(stop)
        process.communicate(timeout=60)


def label_one(browser: Browser, number: int, text: str) -> int:
    """Label the picture that is shown, by keys; the number of them."""
    name = f"{number:02d}.png"
    browser.wait(f"document.body.dataset.ready === '{name} 0'")
    before = browser.keystrokes
    if number in WRONG:
        browser.type(text.lower())
    elif number == UNREADABLE:
        browser.press("?")
    elif number == NO_PLATE:
        browser.press("!")
        browser.wait("document.getElementById('plate-title').textContent.startsWith('No plate')")
    browser.press("Enter")
    browser.wait(f"!document.body.dataset.ready.startsWith('{name}')")
    return browser.keystrokes - before


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
def test_thirty_plates_by_keys_alone(tmp_path: Path) -> None:
    """A right reading takes one key; kill -9 in the middle loses nothing; at the end all labels are by hand."""
    root, port = tmp_path / "data", free_port()
    texts = write_readings(root)
    keys: dict[int, int] = {}
    with browsing(tmp_path) as browser:
        for first, end, stop in ((0, 13, signal.SIGKILL), (13, COUNT, signal.SIGTERM)):
            with labelling(root, port, stop):
                browser.open(f"http://127.0.0.1:{port}/", "document.body?.dataset.ready")
                for number in range(first, end):
                    keys[number] = label_one(browser, number, texts[number])
        assert browser.console == []
    right = [count for number, count in keys.items() if number not in (*WRONG, UNREADABLE, NO_PLATE)]
    assert right == [1] * 24
    assert all(keys[number] == len(texts[number]) + 1 for number in WRONG)
    photos = {photo.path.name: photo for photo in load_plates(root)}
    assert len(photos) == COUNT
    assert all(photo.is_ground_truth and photo.split in ("train", "test") for photo in photos.values())
    for number, text in enumerate(texts):
        plates = photos[f"{number:02d}.png"].plates
        expected = [] if number == NO_PLATE else [("?", "none")] if number == UNREADABLE else [(text, "full")]
        assert [("".join(plate.rows), plate.legible) for plate in plates] == expected


def post(port: int, path: str, values: Any, headers: dict[str, str]) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", path, json.dumps(values), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def get(port: int, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@dataclass
class SlowReadings:
    """Readings that come when the test says so."""

    is_reading: bool = True
    trouble: str = ""


@contextmanager
def labelling_while_reading(root: Path) -> Iterator[tuple[Workplace, SlowReadings, int]]:
    """The page over pictures of which none is read yet."""
    write_readings(root, 2)
    (root / "plates" / "labels.jsonl").unlink()
    place, readings = Workplace(root / "plates", load_country(COUNTRY), Part()), SlowReadings()
    server = Server(App(place, readings).guarded(""), "127.0.0.1", 0)
    try:
        yield place, readings, server.port
    finally:
        server.close()
        place.close()


READ = {"quad": [[10, 10], [60, 10], [60, 30], [10, 30]], "rows": ["A10"], "confidence": 0.5}


def test_a_picture_is_offered_once_it_is_read(tmp_path: Path) -> None:
    """Before, it would look like a picture without plates; what reading has left out is offered at its end."""
    with labelling_while_reading(tmp_path) as (place, readings, port):
        found = json.loads(get(port, "/next.json", {})[1])
        assert (found["image"], found["pictures"], found["done"]) == (None, 2, 0)
        place.propose(place.path_of("01.png"), [READ])
        assert json.loads(get(port, "/next.json", {})[1])["image"] == "01.png"
        place.save("01.png", {"plates": [], "done": True})
        assert json.loads(get(port, "/next.json", {})[1])["image"] is None
        readings.is_reading = False
        assert json.loads(get(port, "/next.json", {})[1])["image"] == "00.png"


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
def test_the_page_waits_for_a_reading(tmp_path: Path) -> None:
    """Keys do nothing meanwhile, and the picture appears by itself with what was read."""
    with labelling_while_reading(tmp_path) as (place, _, port), browsing(tmp_path) as browser:
        browser.open(f"http://127.0.0.1:{port}/", "document.body?.dataset.ready === 'reading'")
        assert browser.js("byId('plate-title').textContent").startswith("Reading the next picture")
        for key in ("Enter", "!", "*"):
            browser.press(key)
        browser.js("busy.then(() => 1)")
        assert place.counts() == {"pictures": 2, "done": 0, "read": 0}
        place.propose(place.path_of("01.png"), [READ])
        browser.wait("document.body.dataset.ready === '01.png 0'")
        assert browser.js("text.value") == "A10"
        assert browser.console == []


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
def test_a_corner_is_dragged(tmp_path: Path) -> None:
    """A corner goes where the mouse lets it go, by itself; the change is saved at once, and Ctrl+Z takes it back."""
    root, port = tmp_path / "data", free_port()
    write_readings(root, 2)
    (before,) = load_plates(root)[0].plates
    with browsing(tmp_path) as browser, labelling(root, port):
        browser.open(f"http://127.0.0.1:{port}/", "document.body?.dataset.ready === '00.png 0'")
        dot = "document.querySelectorAll('circle')[2].getBoundingClientRect()"
        x, y = browser.js(f"[{dot}.x + {dot}.width / 2, {dot}.y + {dot}.height / 2]")
        scale = browser.js("document.getElementById('corners').getScreenCTM().a")
        browser.mouse("mousePressed", x, y)
        browser.mouse("mouseMoved", x + 10, y + 3)
        browser.mouse("mouseMoved", x + 20, y + 8)
        browser.mouse("mouseReleased", x + 20, y + 8)
        browser.mouse("mouseMoved", x + 60, y + 60)
        browser.js("busy")
        state = json.loads(get(port, "/photo.json?image=00.png", {})[1])
        (moved,) = state["plates"]
        expected = before.quad_xy + np.array([[0, 0], [0, 0], [20 / scale, 8 / scale], [0, 0]], np.float32)
        assert np.allclose(moved["quad"], expected, atol=0.6)
        assert (moved["corners"], moved["accepted"]) == ("hand", False)
        browser.press("z", "Ctrl")
        browser.wait(f"Math.abs(photo.plates[0].quad[2][0] - {before.quad_xy[2, 0]:.3f}) < 0.1")
        assert browser.console == []


def test_the_page_asks_for_the_token(tmp_path: Path) -> None:
    """With LPR_WEB_TOKEN nobody sees a picture or changes a label without it; the address and it are printed."""
    port = free_port()
    write_readings(tmp_path, 2)
    state = {"image": "00.png", "plates": [], "done": True}
    own = {"X-Lpr-Label": "1"}
    login = {"Authorization": "Basic " + base64.b64encode(b"anyone:a-token-of-some-length").decode()}
    with labelling(tmp_path, port, token="a-token-of-some-length"):
        for path in ("/", "/next.json", "/picture?image=00.png"):
            assert get(port, path, {})[0] == 401
            assert get(port, path, login)[0] == 200
        assert post(port, "/save", state, own)[0] == 401
        assert post(port, "/save", state, own | login)[0] == 200
    assert [photo.is_ground_truth for photo in load_plates(tmp_path)] == [True, False]


def test_a_folder_of_pictures_becomes_a_data_folder(tmp_path: Path) -> None:
    """--out links the pictures, also those of folders in it, and goes on there; what was there isn't touched."""
    port, source, out = free_port(), tmp_path / "photos", tmp_path / "data"
    (source / "day 2").mkdir(parents=True)
    rng = np.random.default_rng(1)
    for name in ("a.png", "day 2/a.png", ".hidden.png"):
        cv2.imwrite(str(source / name), rng.integers(0, 255, (60, 90, 3), np.uint8))
    files = {path: path.read_bytes() for path in source.rglob("*.png")}
    flags, own = ("--out", str(out), "--no-readings"), {"X-Lpr-Label": "1"}
    with labelling(source, port, flags=flags):
        first = json.loads(get(port, "/next.json", {})[1])
        assert (first["pictures"], first["done"]) == (2, 0)
        quad = [[10, 10], [60, 10], [60, 30], [10, 30]]
        plate = {"quad": quad, "rows": ["A104"], "legible": "full", "kind": "", "corners": "hand", "accepted": True}
        assert post(port, "/save", {"image": first["image"], "plates": [plate], "done": True}, own)[0] == 200
    with labelling(source, port, flags=flags):
        second = json.loads(get(port, "/next.json", {})[1])
        assert (second["pictures"], second["done"]) == (2, 1)
        assert second["image"] != first["image"]
    (photo,) = (photo for photo in load_plates(out) if photo.is_ground_truth)
    assert (photo.path.name, photo.plates[0].rows, photo.source) == (first["image"], ("A104",), "photos")
    assert {path: path.read_bytes() for path in source.rglob("*.png")} == files


def test_only_the_page_itself_changes_labels(tmp_path: Path) -> None:
    """Requests of other pages, by other names or for other pictures change nothing; what can't be is named."""
    port = free_port()
    write_readings(tmp_path, 2)
    state = {"image": "00.png", "plates": [], "done": True}
    own = {"X-Lpr-Label": "1"}
    with labelling(tmp_path, port):
        assert post(port, "/save", state, {})[0] == 403
        assert post(port, "/save", state, own | {"Sec-Fetch-Site": "cross-site"})[0] == 403
        assert post(port, "/save", state, own | {"Host": "evil.example"})[0] == 421
        for image in ("../labels.jsonl", "/etc/passwd", "02.png"):
            status, body = post(port, "/save", state | {"image": image}, own)
            assert (status, b"no picture" in body) == (422, True)
        assert post(port, "/save", {"image": "00.png"}, own)[0] == 400
        crossed = {"quad": [[0, 0], [9, 9], [9, 0], [0, 9]], "rows": ["A10"], "accepted": True}
        status, body = post(port, "/save", state | {"plates": [crossed]}, own)
        assert (status, b"corners cross" in body) == (422, True)
        assert post(port, "/undo", {}, own) == (200, b'{"image":null}')
    assert [photo.is_ground_truth for photo in load_plates(tmp_path)] == [False, False]


def test_labelled_pictures_are_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--again` shows all of them, `--only` those of the names, with their labels; without either nothing is left."""
    write_readings(tmp_path, 3)
    folder, country = tmp_path / "plates", load_country(COUNTRY)
    place = Workplace(folder, country, Part())
    for name in place.names:
        state = place.state(name)
        place.save(name, {"plates": [{**plate, "accepted": True} for plate in state["plates"]], "done": True})
    place.close()
    assert main(["label", str(tmp_path), "--finish", "--country", str(COUNTRY)]) == 0

    again = Workplace(folder, country, Part(), again=True)
    assert (again.next_name(), again.counts()) == ("00.png", {"pictures": 3, "done": 0, "read": 3})
    again.close()
    only = Workplace(folder, country, Part(), only=["02.png"])
    assert (only.next_name(), only.names) == ("02.png", ["02.png"])
    (plate,) = only.state("02.png")["plates"]
    only.save("02.png", {"plates": [{**plate, "rows": ["Z9"], "accepted": True}], "done": True})
    assert only.next_name() is None
    only.close()
    assert main(["label", str(tmp_path), "--finish", "--country", str(COUNTRY)]) == 0
    assert [photo.plates[0].rows for photo in load_plates(tmp_path)][2] == ("Z9",)
    capsys.readouterr()

    for number, line in enumerate((folder / "labelling").iterdir()):
        line.rename(tmp_path / f"journal-{number}")
    assert main(["label", str(tmp_path), "--country", str(COUNTRY)]) == 1
    assert "--again shows all of them again, and --only IMAGE one of them" in capsys.readouterr().err
    assert main(["label", str(tmp_path), "--only", "03.png", "--country", str(COUNTRY)]) == 1
    assert "no picture '03.png' in" in capsys.readouterr().err


def test_parts_are_labelled_apart_and_finished_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each picture is in one part; `--finish` joins the journals; a part that isn't one is refused."""
    write_readings(tmp_path, 12)
    names: list[str] = []
    for number in (1, 2, 3):
        place = Workplace(tmp_path / "plates", load_country(COUNTRY), Part(number, 3))
        names += place.names
        for name in place.names:
            place.save(name, place.state(name) | {"done": True})
        place.close()
    assert sorted(names) == [f"{number:02d}.png" for number in range(12)]
    assert main(["label", str(tmp_path), "--finish", "--country", str(COUNTRY)]) == 0
    shown = capsys.readouterr().out
    assert "12 pictures labelled" in shown
    assert ", with 12 plates. Next" in shown
    assert f"Next: lpr-train check --data {tmp_path}\n" in shown
    assert all(photo.is_ground_truth for photo in load_plates(tmp_path))
    assert main(["label", str(tmp_path), "--part", "4/3", "--country", str(COUNTRY)]) == 1
    assert "--part 4/3: expected N/M" in capsys.readouterr().err
    assert main(["label", str(tmp_path / "nothing")]) == 1
    assert "give --out DATA" in capsys.readouterr().err
