"""Region and line, drawn on the picture."""

import json
import signal
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.browser import CHROMIUM, NEEDED, browsing
from tests.support.pages import ADMIN_TOKEN, TOKEN, get, page, post, show
from tests.support.watch_lists import OWN, login

from lpr_edge.contract.base.errors import LprError
from lpr_edge.service import settings_file
from lpr_edge.service.audit_log import AuditLog
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.service.settings_file import SettingsFile, reload_soon
from lpr_edge.web.picture import LivePage
from lpr_edge.wiring.wire_pages import draw_routes

ROI, LINE = "0.1,0.5 0.9,0.5 0.9,1", "0,0.6 1,0.6"
ONE = f'# the gate\ncamera = 0\nroi = "{ROI}"  # old\n\n[mqtt]\nurl = "mqtt://b"\nline = "not mine"\n'
SEVERAL = (
    '# two\n[[cameras]]\nname = "gate"\ncamera = 0\n\n[[cameras]]\nname = "yard"  # behind\ncamera = 1\nroi = "x"\n'
)

TIP = (
    "((head, foot) => head.y > foot.y ? 'down' : 'up')"
    "(...['#arrow span', '#arrow'].map((each) => document.querySelector(each).getBoundingClientRect()))"
)
"""Which way the arrow of the line points in the browser."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "lpr.toml"
    path.write_text('camera = 0  # the first\n\n[mqtt]\nurl = "mqtt://b"\n', encoding="utf-8")
    return path


@pytest.fixture
def live(path: Path, tmp_path: Path) -> Iterator[LivePage]:
    audit = AuditLog(tmp_path / "state" / "audit.jsonl")
    stats = RuntimeStats()
    pages = {"draw": draw_routes({"": {"roi": "", "line": "", "tiles": "auto"}}, 384, path, audit)}
    with page(TOKEN, pages=pages, admin_token=ADMIN_TOKEN, stats=stats) as live:
        show(live, stats)
        yield live


def send(live: LivePage, headers: dict[str, str], **changes: Any) -> tuple[int, Any]:
    body = {"camera": "", "roi": ROI, "line": LINE} | changes
    status, answer = post(live, "/draw/api", json.dumps(body).encode(), headers)
    return status, json.loads(answer) if answer.startswith(b"{") else None


def test_what_is_saved_is_in_the_file_and_the_log(live: LivePage, path: Path, tmp_path: Path) -> None:
    """An admin's region and line stand in the settings file, comments and tables stay, and the log has who did it."""
    assert send(live, OWN | login(ADMIN_TOKEN)) == (200, {"reloads": False})
    text = path.read_text(encoding="utf-8")
    assert text == f'camera = 0  # the first\nroi = "{ROI}"\nline = "{LINE}"\n\n[mqtt]\nurl = "mqtt://b"\n'
    entry = json.loads((tmp_path / "state" / "audit.jsonl").read_text(encoding="utf-8"))
    assert (entry["who"], entry["what"], entry["after"]) == ("maya", "settings", {"roi": ROI, "line": LINE})


@pytest.mark.parametrize(
    ("headers", "changes", "status"),
    [
        (OWN | login(TOKEN), {}, 401),
        (login(ADMIN_TOKEN), {}, 403),
        (OWN | login(ADMIN_TOKEN), {"roi": '0,0" \nx = 1'}, 400),
        (OWN | login(ADMIN_TOKEN), {"line": "0,0 1"}, 400),
        (OWN | login(ADMIN_TOKEN), {"tiles": ""}, 400),
        (OWN | login(ADMIN_TOKEN), {"tiles": "0x3"}, 400),
        (OWN | login(ADMIN_TOKEN), {"camera": "roof"}, 404),
    ],
)
def test_nobody_else_and_nothing_else_is_saved(
    live: LivePage, path: Path, headers: dict[str, str], changes: dict[str, str], status: int
) -> None:
    """Viewers, other sites' requests, and what is no region or line leave the file as it is."""
    before = path.read_bytes()
    assert send(live, headers, **changes)[0] == status
    assert path.read_bytes() == before


def test_tiles_are_saved_like_the_region(live: LivePage, path: Path) -> None:
    """Tiles go into the file with region and line, or alone; what isn't sent stays."""
    assert send(live, OWN | login(ADMIN_TOKEN), tiles="4x3")[0] == 200
    body = json.dumps({"camera": "", "tiles": "off"}).encode()
    assert post(live, "/draw/api", body, OWN | login(ADMIN_TOKEN))[0] == 200
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    assert (table["roi"], table["line"], table["tiles"]) == (ROI, LINE, "off")
    shown = json.loads(get(live, "/draw/api", login(TOKEN))[2])["cameras"][""]
    assert shown == {"roi": ROI, "line": LINE, "tiles": "off"}


def test_the_page_gets_the_tiles_that_the_device_cuts(live: LivePage) -> None:
    """They are shares of the frame, parts of the region's box where there is one, and none where a frame is small."""

    def tiles(asked: str) -> Any:
        status, _, body = get(live, f"/draw/tiles?{asked}", login(TOKEN))
        return json.loads(body).get("tiles") if status == 200 else status

    assert tiles("tiles=auto&width=640&height=480") == []
    assert len(tiles("tiles=auto&width=3840&height=2160")) > 4
    first, *_, last = tiles("tiles=2x2&width=1000&height=1000")
    assert (first[:2], last[2:]) == ([0, 0], [1, 1])
    left, top, *_ = tiles("tiles=2x1&width=1000&height=1000&roi=0.5,0.5%201,0.5%201,1%200.5,1")[0]
    assert 0.4 < left == top < 0.5, "the box has a margin"
    for wrong in (
        "tiles=&width=9&height=9",
        "tiles=2x2&width=0&height=9",
        "tiles=2x2",
        "tiles=2x2&width=9&height=9&roi=x",
    ):
        assert tiles(wrong) == 400


def test_the_picture_to_draw_on_is_plain(live: LivePage) -> None:
    """`plain` leaves out what is drawn on the live picture, and both say the frame's own size."""
    status, headers, plain = get(live, "/picture.jpg?plain", login(TOKEN))
    assert (status, headers["x-frame"]) == (200, "200x120")
    drawn = get(live, "/picture.jpg", login(TOKEN))[2]
    assert np.ptp(cv2.imdecode(np.frombuffer(plain, np.uint8), cv2.IMREAD_COLOR)) < 10
    assert np.ptp(cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR)) > 100


def test_viewers_draw_and_copy(live: LivePage) -> None:
    """The page is a viewer's, too, who gets the lines for the file; it says who may save."""
    status, _, body = get(live, "/draw/api", login(TOKEN))
    assert (status, json.loads(body)["is_admin"], json.loads(body)["can_save"]) == (200, False, True)
    assert get(live, "/draw/admin", login(TOKEN))[0] == 401


@pytest.mark.parametrize(
    ("text", "camera"), [(ONE, ""), (SEVERAL, "gate"), (SEVERAL, "yard"), ("camera = 0", ""), ("", "")]
)
def test_only_the_keys_change(tmp_path: Path, text: str, camera: str) -> None:
    """Whatever stands around them, the file says what it said before and the new values; comments stay."""
    path = tmp_path / "lpr.toml"
    path.write_text(text, encoding="utf-8")
    SettingsFile(path).set(camera, {"roi": ROI, "line": LINE}, bool)
    after, before = path.read_text(encoding="utf-8"), tomllib.loads(text)
    table = next(one for one in before["cameras"] if one["name"] == camera) if camera else before
    table |= {"roi": ROI, "line": LINE}
    assert tomllib.loads(after) == before
    assert after.count("#") == text.count("#") - (text == ONE)


@pytest.mark.parametrize(
    ("text", "camera"),
    [('note = """\nroi = 1\n"""\ncamera = 0\n', ""), ('cameras = [{name = "gate", camera = 0}]\n', "gate")],
)
def test_a_file_of_another_form_is_left_alone(tmp_path: Path, text: str, camera: str) -> None:
    """Where a line can't be put in safely, the message says to write it by hand, and nothing is changed."""
    path = tmp_path / "lpr.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LprError, match="write"):
        SettingsFile(path).set(camera, {"roi": ROI}, lambda: pytest.fail("noted"))
    assert path.read_text(encoding="utf-8") == text


def test_the_process_is_asked_to_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGHUP goes to this process where it listens for it, and to nobody where that would end it."""
    heard: list[int] = []
    assert reload_soon() is False
    monkeypatch.setattr(settings_file, "RELOAD_AFTER_S", 0.0)
    before = signal.signal(signal.SIGHUP, lambda number, _: heard.append(number))
    try:
        assert reload_soon() is True
        for _ in range(200):
            if heard:
                break
            signal.sigtimedwait([], 0.01)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert heard == [signal.SIGHUP]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
@pytest.mark.parametrize("size_wh", [(1280, 900), (390, 844)])
def test_a_region_is_drawn_in_the_browser(live: LivePage, path: Path, tmp_path: Path, size_wh: tuple[int, int]) -> None:
    """A corner is moved by mouse and keyboard, a line's arrow turned round, tiles counted out, and all are saved."""
    with browsing(tmp_path / "browser", size_wh) as browser:
        address = f"http://maya:{ADMIN_TOKEN}@127.0.0.1:{live.server.port}/draw/"
        browser.open(
            address,
            "document.getElementById('save')?.disabled === false && document.images[0].naturalWidth > 1",
        )
        assert browser.js("document.querySelectorAll('.point').length") == 0
        browser.js("document.getElementById('add').click()")
        assert (
            browser.js("document.getElementById('toml').value.split('\\n')[0]")
            == 'roi = "0.1,0.3 0.9,0.3 0.9,0.95 0.1,0.95"'
        )
        x, y = browser.js("(({ x, y }) => [x + 22, y + 22])(document.querySelector('.point').getBoundingClientRect())")
        width = browser.js("document.getElementById('picture').getBoundingClientRect().width")
        browser.mouse("mousePressed", x, y)
        browser.mouse("mouseMoved", x + width / 10, y)
        browser.mouse("mouseReleased", x + width / 10, y)
        browser.js("document.querySelectorAll('.point')[1].focus()")
        browser.press("ArrowDown")
        browser.press("ArrowLeft", "Shift")
        browser.screenshot(tmp_path / "roi.png")
        browser.js("document.querySelector('[value=line]').click()")
        browser.js("document.getElementById('add').click()")
        assert browser.js(TIP) == "down"
        browser.js("document.getElementById('turn').click()")
        assert browser.js(TIP) == "up"
        browser.screenshot(tmp_path / "line.png")
        browser.js("document.querySelector('[value=tiles]').click()")
        browser.js("byId('how').value = 'grid'; byId('columns').value = 3")
        browser.js("byId('how').dispatchEvent(new Event('change', {bubbles: true}))")
        browser.wait("document.querySelectorAll('#grid rect:not(.under)').length == 6")
        browser.screenshot(tmp_path / "tiles.png")
        browser.js("document.getElementById('save').click()")
        browser.wait("document.getElementById('state').className == 'good'")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        first, second = table["roi"].split()[:2]
        assert abs(float(first.split(",")[0]) - 0.2) < 0.01
        assert second == "0.85,0.31"
        assert (table["line"], table["tiles"]) == ("0.9,0.6 0.1,0.6", "3x2")
        assert browser.js("document.documentElement.scrollWidth") <= size_wh[0]
        assert browser.console == []
