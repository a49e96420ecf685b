"""The page by the keyboard alone."""

from collections.abc import Iterator

import pytest
from tests.support.accessibility import SCREENS, SIZES, Look, show
from tests.support.browser import CHROMIUM, NEEDED, Browser, browsing
from tests.support.gate_pages import VISITS, gate, vehicles
from tests.support.pages import ADMIN_TOKEN

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=NEEDED)]

REACHABLE = """
window.reachable = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')];
reachable = reachable.filter((each) => !each.disabled && each.tabIndex >= 0 && each.checkVisibility());
reachable = reachable.filter((each) => each.type !== 'radio' || each.checked);
reachable.map((each) => each.outerHTML.slice(0, 90))"""
FOCUS = """(() => {
  const each = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(each.type === 'radio' ? each.nextElementSibling : each);
  return [reachable.indexOf(each), outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2];
})()"""
MOST_TABS = 150


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of the pages of a gate at work."""
    with gate(tmp_path_factory.mktemp("gate")) as live:
        yield live.server.port


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("browser"), SIZES["phone"]) as browser:
        yield browser


def tab_to(browser: Browser, selector: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(MOST_TABS):
        if browser.js(f"document.activeElement.matches({selector!r})"):
            return
        browser.press("Tab")
    raise AssertionError(f"Tab never comes to {selector}")


@pytest.mark.parametrize("screen", [name for name, screen in SCREENS.items() if not screen.several])
def test_tab_comes_everywhere(browser: Browser, port: int, screen: str) -> None:
    """Tab comes to every link, button and field of a screen, and what has the focus has an outline."""
    show(browser, Look(screen, "admin", "en", "light", "phone"), port)
    browser.wait("document.querySelectorAll('#pages a').length == 4")
    browser.js("document.activeElement.blur()")
    wanted = browser.js(REACHABLE)
    seen, plain = set[int](), set[int]()
    for _ in range(MOST_TABS):
        browser.press("Tab")
        place, is_marked = browser.js(FOCUS)
        seen.add(place)
        plain |= set() if is_marked else {place}
        if seen >= set(range(len(wanted))):
            break
    assert len(wanted) > 4
    assert [wanted[place] for place in range(len(wanted)) if place not in seen] == []
    assert [wanted[place] for place in plain if place >= 0] == []


def test_a_plate_is_found_opened_and_corrected(browser: Browser, port: int) -> None:
    """From the live page by Tab and Enter to the history, to one of its events, and to a correction of it."""
    number = 2
    browser.open(f"http://maya:{ADMIN_TOKEN}@127.0.0.1:{port}/", "document.querySelector('nav a[href$=\"history/\"]')")
    tab_to(browser, "nav a[href$='history/']")
    browser.press("Enter")
    browser.wait(f"document.querySelectorAll('#found li').length == {len(VISITS)}")
    tab_to(browser, "[name=text]")
    browser.type(vehicles()[number].record["latin"][-4:])
    browser.press("Enter")
    count = [visit[0] for visit in VISITS].count(number)
    browser.wait(f"document.querySelectorAll('#found li').length == {count} && !byId('state').textContent")
    tab_to(browser, "#found a")
    browser.press("Enter")
    browser.wait("document.querySelector('#event:not([hidden])')")
    tab_to(browser, "#correction input")
    browser.type("lu 2 pa 6825")
    browser.press("Enter")
    browser.wait("document.querySelectorAll('#corrections li').length == 1")


def test_the_history_is_filtered(browser: Browser, port: int) -> None:
    """Enter opens the filters; digits set a date, an arrow key a direction; Enter in the last field searches."""
    show(browser, Look("history", "admin", "en", "light", "phone"), port)
    tab_to(browser, "#filters summary")
    browser.press("Enter")
    browser.wait("byId('filters').open")
    tab_to(browser, "[name=since]")
    browser.type("01012026")
    tab_to(browser, "[name=direction]")
    browser.press("ArrowDown")
    chosen = browser.js("byId('search').elements.direction.value")
    tab_to(browser, "[name=exact]")
    browser.press(" ")
    browser.press("Enter")
    count = [visit[2] for visit in VISITS].count(chosen)
    assert 0 < count < len(VISITS)
    browser.wait(f"document.querySelectorAll('#found li').length == {count}")
    assert browser.js("location.search") == f"?since=2026-01-01&direction={chosen}&exact=1"


def test_older_events_are_gone_on_from(browser: Browser, port: int) -> None:
    """The button for older events moves the focus to the first of them, as it may go itself."""
    show(browser, Look("history", "admin", "en", "light", "phone"), port)
    browser.wait(f"document.querySelectorAll('#found li').length == {len(VISITS)}")
    browser.js("byId('more').hidden = false")  # the same ones again
    tab_to(browser, "#more")
    browser.press("Enter")
    browser.wait(f"document.querySelectorAll('#found li').length == {2 * len(VISITS)}")
    place = "[...byId('found').children].indexOf(document.activeElement.parentElement)"
    assert browser.js(place) == len(VISITS)


def test_the_list_is_edited(browser: Browser, port: int) -> None:
    """A plate is added, saved and removed; the focus is never lost where a row goes."""
    show(browser, Look("list", "admin", "en", "light", "phone"), port)
    plates = "[...document.querySelectorAll('#rows tbody tr td:first-child input')].map((each) => each.value)"
    before = browser.js(plates)
    tab_to(browser, "#add")
    browser.press("Enter")
    browser.type("BA1PA1234")
    browser.press("Tab")
    browser.type("Maya")
    browser.press("Enter")
    browser.wait("document.querySelector('#state.good')")
    assert set(browser.js(plates)) == {*before, "BA1PA1234"}
    assert browser.js("document.activeElement.id") == "save"
    tab_to(browser, "#rows button[aria-label$=' BA1PA1234']")
    browser.press("Enter")
    assert browser.js("document.activeElement.id") == "add"
    browser.press("Tab")
    browser.press("Enter")
    browser.wait("document.querySelector('#state.good')")
    assert browser.js(plates) == before


def test_region_line_and_tiles_are_set(browser: Browser, port: int) -> None:
    """Arrow keys choose what to draw and move points, Delete removes one; Enter turns, begins anew and saves."""
    show(browser, Look("region", "admin", "en", "light", "phone"), port)
    toml = "byId('toml').value.split('\\n')"
    tab_to(browser, ".point")
    browser.press("ArrowRight")
    assert browser.js(f"{toml}[0]").startswith('roi = "0.06,0.1 ')
    browser.press("Delete")
    assert browser.js(f"{toml}[0]") == 'roi = "0.95,0.1 0.95,0.95 0.05,0.95"'
    assert browser.js("document.activeElement.className") == "point"
    browser.js("document.activeElement.blur()")
    tab_to(browser, "[name=key]")
    browser.press("ArrowRight")
    tab_to(browser, "#turn")
    browser.press("Enter")
    assert browser.js(f"{toml}[1]") == 'line = "0.9,0.5 0.1,0.6"'
    tab_to(browser, "#clear")
    browser.press("Enter")
    assert browser.js("document.activeElement.id") == "add"
    browser.press("Enter")
    assert browser.js("document.activeElement.className") == "point"
    tab_to(browser, "#save")
    browser.press("Enter")
    browser.wait("document.querySelector('#state.good')")
