"""Every screen of the page under axe-core, in Chromium: `python -m tests.support.accessibility --json FILE`.

axe-core is read from axe-playwright-python's own file, and runs over the browser's DevTools protocol: no Playwright.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.browser import CHROMIUM, NEEDED, Browser, browsing
from tests.support.gate_pages import gate
from tests.support.pages import ADMIN_TOKEN, TOKEN

SIZES = {"phone": (390, 844), "desk": (1280, 900)}
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "ne")
TOKENS = {"viewer": TOKEN, "admin": ADMIN_TOKEN}
PAIRS = {("en", "light", "desk"), ("en", "dark", "phone"), ("ne", "light", "phone"), ("ne", "dark", "desk")}
"""Of language, scheme and size each pair, for a shorter look."""
AXE_NEEDED = "needs axe-core (pip install axe-playwright-python)"
RUN = "axe.run(document, {resultTypes: ['violations']}).then((found) => JSON.stringify(found))"


@dataclass(frozen=True)
class Screen:
    """A state of the page."""

    path: str
    ready: str
    """An expression that becomes true when all is there."""
    then: str = ""
    """A script that goes on from there."""
    after: str = "true"
    """What becomes true after it."""
    admin_only: bool = False
    several: bool = False
    """Whether it is that of several cameras."""


POINTS, ROWS = "document.querySelector('.point')", "document.querySelector('#rows tbody tr')"
ADD, MISTAKE = "byId('add').click()", "document.querySelector('#rows tbody input')"
SAVE_MISTAKE = (
    f"{ADD}; {MISTAKE}.value = '12!'; {MISTAKE}.dispatchEvent(new Event('input')); byId('list').requestSubmit()"
)
SCREENS = {
    "live": Screen("/", "document.querySelector('#events li') && !document.querySelector('#single img.empty')"),
    "cameras": Screen("/", "document.querySelectorAll('#cameras img:not(.empty)').length == 2", several=True),
    "history": Screen("/history/", "document.querySelector('#found li')"),
    "nothing found": Screen("/history/?text=9999999", "document.querySelector('#nothing:not([hidden])')"),
    "event": Screen("/history/e95", "document.querySelector('#frame-picture:not([hidden])')"),
    "no event": Screen("/history/none", "document.querySelector('#state.bad')"),
    "region": Screen("/draw/", POINTS),
    "line": Screen("/draw/", POINTS, "document.querySelector('[value=line]').click()"),
    "tiles": Screen(
        "/draw/",
        POINTS,
        "document.querySelector('[value=tiles]').click(); byId('how').value = 'grid'; "
        "byId('tiling').dispatchEvent(new Event('change'))",
        "document.querySelector('#grid rect')",
    ),
    "list": Screen("/list/", ROWS, admin_only=True),
    "mistake in the list": Screen("/list/", ROWS, SAVE_MISTAKE, "document.querySelector('tr.bad')", admin_only=True),
}


@dataclass(frozen=True)
class Look:
    """One screen as one person sees it."""

    screen: str
    role: str
    language: str
    scheme: str
    size: str


def looks(role: str, pairs: bool = False) -> list[Look]:
    """All that a role can see; with `pairs` in `PAIRS` alone."""
    screens = [name for name, screen in SCREENS.items() if role == "admin" or not screen.admin_only]
    hows = [how for how in product(LANGUAGES, SCHEMES, SIZES) if not pairs or how in PAIRS]
    return [Look(name, role, *how) for name, how in product(screens, hows)]


def axe_script() -> str | None:
    """axe-core's text; None where the package isn't installed."""
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        return None
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def missing() -> str:
    """What is missing here for the check; empty where nothing is."""
    return NEEDED if CHROMIUM is None else "" if axe_script() else AXE_NEEDED


def check(role: str, folder: Path, wanted: list[Look] | None = None) -> Iterator[tuple[Look, dict[str, Any]]]:
    """What axe-core finds in each screen that a role can see.

    Args:
        role: see TOKENS.
        folder: empty.
        wanted: fewer screens; None for all of them.
    """
    script = axe_script()
    assert script is not None
    with ExitStack() as stack:
        ports: dict[bool, int] = {}
        for several in (False, True):
            own = folder / f"{role}-{several}"
            own.mkdir()
            live = stack.enter_context(gate(own, ("gate", "yard") if several else ()))
            ports[several] = live.server.port
        browser = stack.enter_context(browsing(folder / f"{role}-browser"))
        for look in looks(role) if wanted is None else wanted:
            show(browser, look, ports[SCREENS[look.screen].several])
            browser.js(f"{script}; 1")
            yield look, json.loads(browser.js(RUN))


def show(browser: Browser, look: Look, port: int) -> None:
    """Bring a browser to a screen."""
    screen, (width, height) = SCREENS[look.screen], SIZES[look.size]
    address = f"http://maya:{TOKENS[look.role]}@127.0.0.1:{port}{screen.path}"
    scheme = [{"name": "prefers-color-scheme", "value": look.scheme}]
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    browser.call("Emulation.setEmulatedMedia", features=scheme)
    browser.open("about:blank", "document.readyState == 'complete'")  # leaves a changed list without being asked
    browser.open(address, screen.ready)
    if browser.js("document.documentElement.lang") != look.language:
        browser.js("document.querySelector('.language').click()")
        browser.wait(f"document.documentElement.lang == '{look.language}' && {screen.ready}")
    browser.js(f"{screen.then}; 1")
    browser.wait(screen.after)


def findings(found: dict[str, Any]) -> list[str]:
    """axe-core's violations as lines: impact, rule, and the elements."""
    return [
        f"{each['impact']} {each['id']}: {', '.join(str(node['target'][0]) for node in each['nodes'])}"
        for each in found["violations"]
    ]


def main() -> int:
    """Look at every screen, print what is found, and keep a summary; 1 where there is something serious."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="takes the summary")
    parser.add_argument("--role", action="append", choices=list(TOKENS), help="look as this role alone")
    parser.add_argument("--pairs", action="store_true", help="each pair of language, scheme and size, not every three")
    parsed = parser.parse_args()
    if missing():
        sys.exit(missing())
    impacts = dict.fromkeys(("critical", "serious", "moderate", "minor"), 0)
    roles, count, engine = parsed.role or list(TOKENS), 0, ""
    for role in roles:
        with TemporaryDirectory() as folder:
            for look, found in check(role, Path(folder), looks(role, parsed.pairs)):
                count, engine = count + 1, found["testEngine"]["version"]
                for each in found["violations"]:
                    impacts[each["impact"]] += 1
                for line in findings(found):
                    print(f"{look.screen}, {look.role}, {look.language}, {look.scheme}, {look.size}: {line}")
    summary = {"axe_core": engine, "screens": list(SCREENS), "roles": roles, "looks": count, "violations": impacts}
    print(json.dumps(summary))
    if parsed.json:
        parsed.json.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return int(bool(impacts["critical"] or impacts["serious"]))


if __name__ == "__main__":
    sys.exit(main())
