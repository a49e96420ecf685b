"""The page for those who see little or nothing, or use no mouse."""

from pathlib import Path

import pytest
from tests.support.accessibility import SCREENS, TOKENS, Look, axe_script, check, findings, looks, missing
from tests.support.browser import CHROMIUM, NEEDED, browsing


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.parametrize("role", TOKENS)
def test_axe_core_finds_nothing(tmp_path: Path, role: str) -> None:
    """On every screen that a role can see, axe-core has nothing to object to, and says which rules it has checked."""
    wanted = looks(role, pairs=True)
    assert {look.screen for look in wanted} >= {name for name, screen in SCREENS.items() if not screen.admin_only}
    for look, found in check(role, tmp_path, wanted):
        assert {"color-contrast", "label"} & {each["id"] for each in found["passes"]}, look
        assert findings(found) == [], look


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_axe_core_finds_what_is_wrong(tmp_path: Path) -> None:
    """A picture without words and pale text are found, so that silence means something."""
    assert CHROMIUM, NEEDED
    with browsing(tmp_path) as browser:
        browser.js("document.body.innerHTML = '<main><img src=x><p style=\"color:#ccc\">pale</p></main>'; 1")
        browser.js(f"{axe_script()}; 1")
        found = browser.js("axe.run().then((found) => found.violations.map((each) => each.id))")
    assert {"image-alt", "color-contrast"} <= set(found)


def test_a_viewer_sees_no_list() -> None:
    """The screens of a role are those that it may open."""
    assert "list" not in {look.screen for look in looks("viewer")}
    assert Look("list", "admin", "ne", "dark", "phone") in looks("admin")
