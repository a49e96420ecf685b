"""Watch lists, edited in the page."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.browser import CHROMIUM, NEEDED, browsing
from tests.support.histories import event, history_of
from tests.support.pages import ADMIN_TOKEN, TOKEN, get, page, post
from tests.support.watch_lists import OWN, TEXT, list_page, login, send, table

from lpr_edge.config.loading import config_of
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.privacy.hashing_sink import PlateHasher
from lpr_edge.service.audit_log import AuditLog
from lpr_edge.text.grammar import Grammar
from lpr_edge.web.picture import LivePage
from lpr_edge.wiring.wire_pages import list_file, list_routes, open_pages

NEW = [["BA 79 PA 5007", "Ram Thapa", "open", "1"], ["BA 1 KHA 1234", "Gita", "", ""]]


@pytest.fixture
def grammar() -> Grammar:
    return Grammar(load_country("nepal"))


@pytest.fixture
def live(tmp_path: Path, grammar: Grammar) -> Iterator[LivePage]:
    with list_page(tmp_path, grammar) as live:
        yield live


def test_a_changed_list_is_written_whole_and_who_did_it(live: LivePage, tmp_path: Path) -> None:
    """Rows go into the file, unknown columns and the file's mode with them; the audit log has who, when and what."""
    path = tmp_path / "gate.csv"
    path.chmod(0o640)
    status, answer = send(live, rows=NEW)
    assert (status, answer["rows"], answer["odd"]) == (200, NEW, [])
    assert path.read_text(encoding="utf-8").splitlines() == [
        "plate,name,action,phone",
        "BA 79 PA 5007,Ram Thapa,open,1",
        "BA 1 KHA 1234,Gita,,",
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert {each.name for each in tmp_path.iterdir()} == {"gate.csv", "state"}
    log = tmp_path / "state" / "audit.jsonl"
    entry = json.loads(log.read_text(encoding="utf-8"))
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert (entry["who"], entry["what"], entry["file"]) == ("maya", "list", str(path))
    assert (entry["added"], entry["removed"]) == ([NEW[1]], [["बा ७९ प ५००८", "Sita", "", "2"]])
    assert answer["changes"] == [entry]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (["BA 79 PA 50?7", "", "", ""], r"gate.csv, line 4: '\?' is no letter"),
        (["BA 1 KHA 1234", "", "open it", ""], "gate.csv, line 4: the action 'open it' must be one word"),
        (["BA 79 PA 5007", "", "", ""], "gate.csv, line 4: the plate is already in line 2"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(live: LivePage, tmp_path: Path, row: list[str], says: str) -> None:
    """A mistake is 400 with its line and row; the file stays as it was. Empty rows count in the row alone."""
    old = table(live)["rows"]
    status, answer = send(live, rows=[*old, ["", "", "", ""], row])
    assert (status, answer["row"]) == (400, 3)
    assert re.match(says, answer["error"]), answer["error"]
    assert (tmp_path / "gate.csv").read_text(encoding="utf-8") == TEXT
    assert not (tmp_path / "state").exists()


def test_two_who_edit_at_once(live: LivePage, tmp_path: Path) -> None:
    """A list that has changed since it was loaded is 409, and nothing is overwritten."""
    before = table(live)["stamp"]
    (tmp_path / "gate.csv").write_text(TEXT + "BA 1 KHA 1234,,,\n", encoding="utf-8")
    assert send(live, rows=NEW, stamp=before)[0] == 409
    assert len(table(live)["rows"]) == 3


def test_only_admins_see_and_change_a_list(live: LivePage, tmp_path: Path) -> None:
    """With the viewer's token, or none, page, rows and changes ask for the admin's; the live page asks for either."""
    body = json.dumps({"name": "gate.csv", "stamp": table(live)["stamp"], "rows": NEW}).encode()
    for headers in ({}, login(TOKEN), login(ADMIN_TOKEN + "x")):
        for path in ("/list/", "/list/api"):
            status, answer, text = get(live, path, headers)
            assert (status, answer["www-authenticate"][:5], b"Ram" in text) == (401, "Basic", False)
        assert post(live, "/list/api", body, OWN | headers)[0] == 401
    assert get(live, "/", login(TOKEN))[0] == get(live, "/", login(ADMIN_TOKEN))[0] == 200
    assert (tmp_path / "gate.csv").read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "text/plain", "X-Lpr": "1"}, OWN | {"Origin": "https://evil.example"}]
)
def test_a_page_of_elsewhere_changes_nothing(live: LivePage, tmp_path: Path, headers: dict[str, str]) -> None:
    """A browser sends the login along whoever asks, so a change needs this page's own header and origin (CSRF)."""
    assert send(live, headers | login(ADMIN_TOKEN), rows=NEW)[0] == 403
    assert (tmp_path / "gate.csv").read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"rows": [[1]]}, 400), ({"rows": "x"}, 400), ({"rows": [["a"]]}, 400), ({"rows": NEW, "name": "../x"}, 404)],
)
def test_a_malformed_change_is_refused(live: LivePage, changes: dict[str, Any], status: int) -> None:
    """What is no table of this list is one line."""
    assert send(live, **changes)[0] == status


def test_without_an_audit_log_nothing_changes(live: LivePage, tmp_path: Path) -> None:
    """Where who did it can't be written down, it isn't done."""
    (tmp_path / "state").write_text("a file in the folder's place")
    status, answer = send(live, rows=NEW)
    assert (status, answer["error"][:20]) == (400, "nothing was changed,")
    assert (tmp_path / "gate.csv").read_text(encoding="utf-8") == TEXT


def test_excels_own_form_is_kept(tmp_path: Path, grammar: Grammar) -> None:
    """Delimiter, first line and mark of the file stay; a plate in two lines becomes one with a stroke."""
    path = tmp_path / "gate.csv"
    path.write_bytes('\ufeffsep=;\nPlate;Name\n"बा ७९ प\n५००८";Sita\n'.encode())
    edited = list_file(path, grammar)
    found = edited.read()
    assert (found.columns, found.rows) == (("Plate", "Name"), (("बा ७९ प | ५००८", "Sita"),))
    edited.write([*found.rows, ["BA 1 KHA 1234", "a;b"]], found.stamp, bool)
    text = '\ufeffsep=;\nPlate;Name\nबा ७९ प | ५००८;Sita\nBA 1 KHA 1234;"a;b"\n'
    assert path.read_text(encoding="utf-8") == text
    with pytest.raises(LprError, match=r"gate\.csv, line 4: '!'") as caught:
        edited.write([*found.rows, ["!", ""]], edited.read().stamp, bool)
    assert vars(caught.value)["row"] == 1


def test_the_audit_log_keeps_no_plates_where_they_are_hashed(tmp_path: Path, grammar: Grammar) -> None:
    """With --hash-plates, the log has the hash of a plate that was added."""
    path = tmp_path / "gate.csv"
    path.write_text("plate,name,action\n", encoding="utf-8")
    hasher, audit = PlateHasher(b"k" * 32, grammar), AuditLog(tmp_path / "audit.jsonl")
    pages = {"list": list_routes({"gate.csv": list_file(path, grammar, hasher)}, audit, hasher)}
    with page(pages=pages, admin_token=ADMIN_TOKEN) as live:
        assert send(live, rows=[["BA 1 KHA 1234", "Gita", ""]])[0] == 200
    (entry,) = audit.latest(5)
    assert entry["added"][0][0].startswith("#")
    assert "1234" not in json.dumps(entry["added"][0][0][:3])


def test_who_has_which_pages(tmp_path: Path) -> None:
    """Without an admin's token there is no page of lists, whatever lists there are; the two tokens must differ."""
    (tmp_path / "gate.csv").write_text("plate\n")
    given = {"camera": 0, "list": str(tmp_path / "gate.csv"), "web": "8080"}
    assert list(open_pages(config_of(**given))) == ["draw"]
    assert list(open_pages(config_of(**given, web_admin_token=ADMIN_TOKEN))) == ["list", "draw"]
    with pytest.raises(LprError, match="Setting `web_admin_token` is that of `web_token`, and it must be another one"):
        config_of(**given, web_token=TOKEN, web_admin_token=TOKEN)
    with pytest.raises(LprError, match="Setting `web_admin_token` is not shown here") as caught:
        config_of(web_admin_token="tooshort")
    assert "tooshort" not in str(caught.value)


def test_an_admin_takes_corrections_from_viewers(tmp_path: Path) -> None:
    """Who knows the token corrects readings, unless there is an admin, who does it then."""
    access = history_of(tmp_path, [event(0)])
    body = json.dumps({"id": "e0", "text": "ba 1 pa 7"}).encode()
    for admin_token, status in (("", 200), (ADMIN_TOKEN, 401)):
        with page(TOKEN, history=access, admin_token=admin_token) as live:
            assert post(live, "/api/history/correct", body, OWN | login(TOKEN))[0] == status
    with page(TOKEN, history=access, admin_token=ADMIN_TOKEN) as live:
        assert post(live, "/api/history/correct", body, OWN | login(ADMIN_TOKEN))[0] == 200
        assert json.loads(get(live, "/state.json", login(TOKEN))[2])["pages"] == ["history"]
        assert get(live, "/list/", login(ADMIN_TOKEN))[0] == 404


def test_a_cut_off_line_of_the_audit_log(tmp_path: Path) -> None:
    """The newest entries come first; a line that a crash cut off is passed over."""
    audit = AuditLog(tmp_path / "audit.jsonl")
    assert audit.latest(3) == []
    for count in range(5):
        audit.record("maya", "list", count=count)
    with audit.path.open("a") as file:
        file.write('{"who": "ma\n[1]\n')
    assert [entry["count"] for entry in audit.latest(4)] == [4, 3]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)
@pytest.mark.parametrize("size_wh", [(1280, 900), (390, 844)])
def test_a_list_is_edited_in_the_browser(live: LivePage, tmp_path: Path, size_wh: tuple[int, int]) -> None:
    """By the keyboard: a plate is added, a mistake shown at its row, corrected and saved; hostile text stays text."""
    hostile = "<img src=x onerror=alert(1)>"
    with browsing(tmp_path / "browser", size_wh) as browser:
        browser.open(
            f"http://maya:{ADMIN_TOKEN}@127.0.0.1:{live.server.port}/list/",
            "document.querySelectorAll('#rows tbody tr').length == 2",
        )
        browser.js("document.getElementById('add').focus()")
        browser.press("Enter")
        browser.js("document.activeElement.select()")
        browser.type("ba 1 kha 12!34")
        browser.press("Tab")
        browser.type(hostile)
        browser.press("Enter")
        browser.wait("document.querySelector('#state').className == 'bad'")
        assert "line 2" in browser.js("document.querySelector('tr.bad').textContent")
        assert browser.js("document.activeElement.getAttribute('aria-invalid')") == "true"
        browser.screenshot(tmp_path / "mistake.png")
        browser.js("document.activeElement.select()")
        browser.type("ba 1 kha 1234")
        browser.press("Enter")
        browser.wait("document.querySelector('#state').className == 'good'")
        assert hostile in (tmp_path / "gate.csv").read_text(encoding="utf-8")
        assert browser.js("document.querySelectorAll('main img').length") == 0
        browser.wait("document.querySelectorAll('#changes li').length == 1")
        browser.js("document.querySelector('.language').click()")
        assert browser.js("document.querySelector('h1').textContent") == "निगरानी सूची"
        assert browser.js("document.documentElement.scrollWidth") <= size_wh[0]
        browser.screenshot(tmp_path / "list.png")
        assert [line for line in browser.console if "400" not in line] == []
