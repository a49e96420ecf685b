import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.histories import event, history_of
from tests.support.pages import TOKEN, page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = '<img src=x onerror="document.title=1">'

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a browser (Debian: chromium)"),
]


@pytest.mark.parametrize(("path", "shown"), [("history/?text=1234", "BA1PA1234"), ("history/e1", "read as बा१प१२३४")])
def test_the_history_in_a_browser(tmp_path: Path, path: str, shown: str) -> None:
    """List and event show what is kept, a hostile source as text, and the console has nothing to say."""
    assert CHROMIUM is not None
    access = history_of(tmp_path / "history", [event(1, source=HOSTILE, latin="BA1PA1234"), event(2, "ना३च५६७८")])
    if path.endswith("e1"):
        access.correct("e1", "ba 1 pa 9999", "Sita", 0.0)
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []  # it has none for root
    with page(TOKEN, history=access) as live:
        done = subprocess.run(
            [
                *(CHROMIUM, "--headless", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"),
                *("--enable-logging=stderr", "--virtual-time-budget=4000", *sandbox),
                f"http://me:{TOKEN}@127.0.0.1:{live.server.port}/{path}",
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    assert shown in done.stdout
    assert "&lt;img src=x" in done.stdout
    assert "<img src=x" not in done.stdout.replace('value="<img src=x', "")
    assert "ना३च५६७८" not in done.stdout
