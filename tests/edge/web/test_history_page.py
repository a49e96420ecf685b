import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.support.browser import CHROMIUM, NEEDED, browsing
from tests.support.histories import event, history_of
from tests.support.pages import TOKEN, get, get_json, page, post

from lpr_edge.history.access import HistoryAccess
from lpr_edge.web.picture import LivePage

OWN = {"Content-Type": "application/json", "X-Lpr": "1"}
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
def access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HistoryAccess:
    monkeypatch.setenv("TZ", "UTC")
    records = [event(number) for number in range(60)]
    records.append(event(60, "ना३च५६७८", source=HOSTILE, direction="in"))
    return history_of(tmp_path / "history", records, {"plate": b"\xff\xd8plate"})


@pytest.fixture
def live(access: HistoryAccess) -> Iterator[LivePage]:
    with page(history=access) as live:
        yield live


def test_events_come_page_by_page(live: LivePage) -> None:
    """Each answer names the following page; a day, a camera and a part of a plate narrow it."""
    first = get_json(live, "/api/history?text=1234")
    assert [len(first["events"]), first["events"][0]["id"]] == [50, "e59"]
    second = get_json(live, f"/api/history?text=1234&before={first['after']}")
    assert [each["id"] for each in second["events"]] == [f"e{number}" for number in range(9, -1, -1)]
    assert second["after"] is None
    assert get_json(live, "/api/history?since=2026-03-02")["events"] == []
    assert len(get_json(live, f"/api/history?source={quote(HOSTILE)}&until=2026-03-01")["events"]) == 1
    assert get_json(live, "/state.json")["history"] is True


def test_an_event_has_its_address(live: LivePage) -> None:
    """`/history/ID` is the page, and event and picture are asked for by id; unknown ones are 404."""
    status, headers, body = get(live, "/history/e3")
    assert (status, b"history.js" in body) == (200, True)
    assert "script-src 'self'" in headers["content-security-policy"]
    assert get(live, "/history")[0] == 307
    found = get_json(live, "/api/history/event?id=e60")
    assert (found["time"], found["bikram_sambat"]) == ("2026-03-01 07:00:00", "2082-11-17")
    assert found["record"]["direction"] == "in"
    assert get(live, "/api/history/picture?id=e3&name=plate")[2] == b"\xff\xd8plate"
    for path in ("event?id=x", "picture?id=e3&name=frame", "picture?id=e3&name=../history.db"):
        assert get(live, f"/api/history/{path}")[0] == 404


def test_a_correction_names_who_is_logged_in(access: HistoryAccess) -> None:
    """The login's name stands in the correction; without the token nothing is answered."""
    body = json.dumps({"id": "e3", "text": "ba 1 pa 7"}).encode()
    login = {"Authorization": "Basic " + base64.b64encode(f"Sita:{TOKEN}".encode()).decode()}
    with page(TOKEN, history=access) as live:
        assert post(live, "/api/history/correct", body, OWN)[0] == 401
        status, answer = post(live, "/api/history/correct", body, OWN | login)
    assert status == 200
    assert json.loads(answer)["text"] == "बा१प७"
    found = access.event("e3")
    assert found is not None
    assert [each.who for each in found.corrections] == ["Sita"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OWN | {"Origin": "http://evil.example"}, 403),
        ({"Content-Type": "application/json"}, 403),
        ({"Content-Type": "text/plain", "X-Lpr": "1"}, 403),
        (OWN | {"Host": "evil.example"}, 421),
    ],
)
def test_another_page_can_correct_nothing(
    live: LivePage, access: HistoryAccess, headers: dict[str, str], status: int
) -> None:
    """A request that a page of elsewhere could make the browser send is refused (CSRF, DNS rebinding)."""
    body = json.dumps({"id": "e3", "text": "ba 1 pa 7"}).encode()
    assert post(live, "/api/history/correct", body, headers)[0] == status
    found = access.event("e3")
    assert found is not None
    assert found.corrections == ()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("?before=x", "understood"),
        ("?since=yesterday", "understood"),
        ("/export?day=1&format=csv", "understood"),
        ("/export?day=2026-03-01&format=exe", "understood"),
    ],
)
def test_what_makes_no_sense_is_400(live: LivePage, path: str, says: str) -> None:
    """A malformed request gets one line, not a fault."""
    status, _, body = get(live, f"/api/history{path}")
    assert status == 400
    assert says in json.loads(body)["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"id": 1, "text": "a"}', 400),
        (b'{"id": "e3", "text": "<b>"}', 400),
        (b'{"id": "none", "text": "ba 1 pa 7"}', 404),
        (b'"' + b"x" * 5000 + b'"', 413),
    ],
)
def test_a_malformed_correction_is_refused(live: LivePage, body: bytes, status: int) -> None:
    """What is no correction changes nothing, and the answer says why."""
    assert post(live, "/api/history/correct", body, OWN)[0] == status


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_a_day_is_downloaded(live: LivePage, kind: str) -> None:
    """The export is a file with a name."""
    status, headers, body = get(live, f"/api/history/export?day=2026-03-01&format={kind}&direction=in")
    assert status == 200
    assert headers["content-disposition"] == f'attachment; filename="lpr-2026-03-01.{kind}"'
    assert body
    if kind != "xlsx":
        assert body.count(b"\n") == (2 if kind == "csv" else 1)


def test_without_a_history_there_is_no_page() -> None:
    """The live page of a run that keeps none has no such paths."""
    with page() as live:
        assert get(live, "/history/")[0] == 404
        assert get(live, "/api/history")[0] == 404
        assert get_json(live, "/state.json")["history"] is False


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
@pytest.mark.parametrize("size_wh", [(1280, 900), (390, 844)])
def test_the_history_in_the_browser(live: LivePage, tmp_path: Path, size_wh: tuple[int, int]) -> None:
    """A part of a plate is searched, in either language; hostile names stay text; nothing sticks out."""
    with browsing(tmp_path / "browser", size_wh) as browser:
        browser.open(
            f"http://127.0.0.1:{live.server.port}/history/", "document.querySelectorAll('#found li').length == 50"
        )
        browser.js("document.querySelector('.language').click()")
        browser.wait("document.querySelector('#search button').textContent == 'खोज्नुहोस्'")
        browser.js("document.querySelector('#search input').focus()")
        browser.type("5678")
        browser.press("Enter")
        browser.wait("document.querySelectorAll('#found li').length == 1")
        assert HOSTILE in browser.js("document.querySelector('#found .more').textContent")
        assert browser.js("document.documentElement.scrollWidth") <= size_wh[0]
        browser.screenshot(tmp_path / "history.png")
        browser.open(
            f"http://127.0.0.1:{live.server.port}/history/e3", "document.getElementById('event')?.hidden === false"
        )
        assert "विक्रम संवत्" in browser.js("document.getElementById('fields').innerText")
        browser.js("document.querySelector('#correction input').focus()")
        browser.type("ba 1 pa 7")
        browser.press("Enter")
        browser.wait("document.querySelectorAll('#corrections li').length == 1")
        assert browser.js("document.documentElement.scrollWidth") <= size_wh[0]
        browser.screenshot(tmp_path / "event.png")
