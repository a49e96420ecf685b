"""The page with too much, too little, and what is broken."""

import json
from pathlib import Path

import pytest
from tests.support.browser import CHROMIUM, NEEDED, browsing
from tests.support.deliveries import record
from tests.support.histories import NEPAL, event, history_of
from tests.support.pages import ADMIN_TOKEN, TOKEN, page, show
from tests.support.readings import frame, plate
from tests.support.watch_lists import OWN, list_page, login, send

from lpr_edge.service.audit_log import AuditLog
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.text.grammar import Grammar
from lpr_edge.wiring.wire_pages import draw_routes, list_file, list_routes

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)]

PHONE = (390, 844)
LONG = "n" * 300
WIDTH = "document.documentElement.scrollWidth"
JPEG = b"\xff\xd8 no picture \xff\xd9"


def test_long_names_stay_inside(tmp_path: Path) -> None:
    """Names of hundreds of letters, of device, camera, list, person and plate, make no screen of a phone wider."""
    (tmp_path / "gate.csv").write_text(
        f"plate,name,action,{LONG}\nBA 79 PA 5007,{LONG},open,{LONG}\n", encoding="utf-8"
    )
    matched = {"matched": {"plate": LONG, "name": LONG, "action": LONG, "edits": 0}}
    access = history_of(tmp_path / "h", [event(1, LONG, source=LONG, latin=LONG, direction="in", **matched)])
    access.correct("e1", "ba 1 pa 1234", LONG, 0.0)
    pages = {
        "list": list_routes({LONG: list_file(tmp_path / "gate.csv", Grammar(NEPAL))}, AuditLog(tmp_path / "a.jsonl")),
        "draw": draw_routes({name: {"roi": "", "line": "", "tiles": "auto"} for name in (LONG, "b")}, 384),
    }
    stats = RuntimeStats(LONG, {"reader": LONG}, cameras=("c" * 64, "d"))
    stats.count_event(
        record(1)
        | matched
        | {
            "text": LONG,
            "latin": LONG,
            "source": LONG,
            "confidence": 1,
            "frames": 1,
            "last_seen": "2026-03-01T06:00:00.000Z",
            "direction": "out",
        }
    )
    ready = {
        "": "document.querySelector('#events li') && document.querySelector('#cameras figcaption').textContent",
        "history/": "document.querySelector('#found li')",
        "history/e1": "document.querySelector('#event:not([hidden])')",
        "list/": "document.querySelector('#rows tbody tr')",
        "draw/": "document.querySelector('#which:not([hidden])')",
    }
    with (
        page(TOKEN, stats=stats, history=access, pages=pages, admin_token=ADMIN_TOKEN) as live,
        browsing(tmp_path / "b", PHONE) as browser,
    ):
        for path, expression in ready.items():
            browser.open(f"http://me:{ADMIN_TOKEN}@127.0.0.1:{live.server.port}/{path}", expression)
            browser.screenshot(tmp_path / f"{path.strip('/').replace('/', '-') or 'live'}.png")
            assert browser.js(WIDTH) <= PHONE[0], path


def test_two_hundred_cameras(tmp_path: Path) -> None:
    """Each has its figure; pictures are asked for of those in sight alone, three at a time."""
    names = tuple(f"camera-{number}" for number in range(200))
    stats = RuntimeStats(cameras=names)
    with page(stats=stats) as live, browsing(tmp_path, PHONE) as browser:
        browser.open(
            f"http://127.0.0.1:{live.server.port}/", "document.querySelectorAll('#cameras figure').length == 200"
        )
        browser.wait("inSight.size > 0")
        assert browser.js("inSight.size") < 20
        assert browser.js("busy.size") <= 3
        browser.js("document.querySelector('#cameras figure:last-child').scrollIntoView()")
        browser.wait("inSight.has('camera-199') && !inSight.has('camera-0')")
        assert browser.js(WIDTH) <= PHONE[0]
        assert browser.console == []


def test_nothing_yet(tmp_path: Path) -> None:
    """Before the first frame and event each screen says so, and asks for nothing that isn't there."""
    access = history_of(tmp_path / "h", [])
    pages = {"draw": draw_routes({"": {"roi": "", "line": "", "tiles": "auto"}}, 384)}
    with page(history=access, pages=pages) as live, browsing(tmp_path / "b", PHONE) as browser:
        address = f"http://127.0.0.1:{live.server.port}/"
        browser.open(address, "document.querySelector('#figures div')")
        assert browser.js("document.querySelector('#none').checkVisibility()") is True
        browser.open(f"{address}history/", "document.querySelector('#nothing:not([hidden])')")
        browser.open(f"{address}draw/", "document.querySelector('#hint').textContent.length > 0")
        browser.js("document.querySelector('#add').click()")
        browser.wait("document.querySelectorAll('.point').length == 4")
        assert browser.console == []


def test_broken_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that is no JPEG doesn't count as silence, and an event whose picture is gone shows an empty place."""
    access = history_of(tmp_path / "h", [event(1)], {"plate": JPEG, "frame": JPEG})
    stats = RuntimeStats("gate-1")
    with page(history=access, stats=stats) as live, browsing(tmp_path / "b", PHONE) as browser:
        show(live, stats)
        monkeypatch.setattr(live.picture, "jpeg", lambda: JPEG)
        address = f"http://127.0.0.1:{live.server.port}/"
        browser.open(address, "numbers.size > 0 && document.querySelector('#state.good')")
        assert browser.js("document.querySelector('#picture').className") == "empty"
        browser.open(f"{address}history/", "document.querySelector('#found .none')")
        assert browser.js("document.querySelectorAll('#found img').length") == 0
        browser.open(f"{address}history/e1", "document.querySelector('#event:not([hidden])')")
        assert browser.js("document.querySelector('#pictures').innerText + document.images[0].hidden") == "true"


def test_two_tabs_edit_one_list(tmp_path: Path) -> None:
    """Who saves second sees the other's rows next to their own, and a second save keeps both."""
    with list_page(tmp_path, Grammar(NEPAL)) as live, browsing(tmp_path / "b", PHONE) as browser:
        browser.open(
            f"http://maya:{ADMIN_TOKEN}@127.0.0.1:{live.server.port}/list/", "byId('rows').tBodies[0].rows.length"
        )
        browser.js("byId('rows').tBodies[0].querySelector('button').click()")
        browser.js("byId('add').click()")
        browser.type("ba 1 kha 1234")
        other = [["BA 79 PA 5007", "Ram Thapa", "open", "1"], ["BA 2 KHA 77", "Hari", "", ""]]
        assert send(live, OWN | login(ADMIN_TOKEN, "gita"), rows=other)[0] == 200
        browser.js("byId('save').click()")
        browser.wait("document.querySelector('#state.bad')")
        found = json.loads(browser.js("JSON.stringify(rows.map((row) => row.cells[0]))"))
        assert found == ["ba 1 kha 1234", "BA 2 KHA 77"]
        browser.js("byId('save').click()")
        browser.wait("document.querySelector('#state.good')")
        lines = (tmp_path / "gate.csv").read_text(encoding="utf-8").splitlines()[1:]
        assert [line.split(",")[0] for line in lines] == found


def test_events_of_another_time(tmp_path: Path) -> None:
    """Events of a clock that was ahead or behind are shown with their times, and the console has nothing to say."""
    times = ("2099-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", "2026-03-01T06:00:00.000Z")
    stats = RuntimeStats("gate-1")
    for number, seen in enumerate(times):
        stats.count_event(record(number) | {"last_seen": seen, "confidence": 0.9, "frames": 1})
    kept = [event(number, first_seen=seen, last_seen=seen) for number, seen in enumerate(times)]
    with page(stats=stats, history=history_of(tmp_path / "h", kept)) as live, browsing(tmp_path / "b") as browser:
        live.show(frame(0), [plate("A10")])
        address = f"http://127.0.0.1:{live.server.port}/"
        browser.open(address, "document.querySelectorAll('#events li').length == 3")
        browser.js("document.querySelector('.language').click()")
        browser.open(f"{address}history/", "document.querySelectorAll('#found li').length == 3")
        texts = browser.js("[...document.querySelectorAll('.when')].map((each) => each.textContent)")
        assert [text for text in texts if "NaN" in text or "null" in text or "Invalid" in text] == []
        assert browser.console == []
