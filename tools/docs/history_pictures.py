"""A picture of the history's page for the documentation: the demo clip's rendered vehicles, seen in Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2

from lpr_edge.base.web_address import WebAddress
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.country import load_country
from lpr_edge.history.access import HistoryAccess
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.text.grammar import Grammar
from lpr_edge.wiring.wire_pages import history_routes
from lpr_edge.wiring.wire_web import open_page

CLIP = Path("edge/lpr_edge/app/demo/clip.mp4")
PICTURE = Path("docs/images/history-list.jpg")
SIZE = "900,760"
"""Width and height of the window in pixels."""


def draw_history(repository: Path) -> None:
    """Read the demo clip into a history, and keep what the page shows of it.

    Raises:
        RuntimeError: there is no Chromium.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise RuntimeError("the picture of the history needs Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "history"
        command = [sys.executable, "-m", "lpr_edge", "--source", str(repository / CLIP), "--source-name", "gate-1"]
        kept = ["--history", "3000d", "--history-folder", str(folder), "--store", f"{scratch}/events.db"]
        subprocess.run([*command, *kept], check=True, stdout=subprocess.DEVNULL)
        live = open_page(
            WebAddress("127.0.0.1", _free_port()),
            "",
            RuntimeStats(),
            60.0,
            pages={"history": history_routes(HistoryAccess(folder, Grammar(load_country())))},
        )
        shot = Path(scratch) / "page.png"
        sandbox = ["--no-sandbox"] if os.getuid() == 0 else []  # it has none for root
        try:
            subprocess.run(
                [
                    *(
                        browser,
                        "--headless",
                        "--disable-gpu",
                        "--hide-scrollbars",
                        f"--user-data-dir={scratch}/profile",
                    ),
                    *("--virtual-time-budget=4000", f"--window-size={SIZE}", f"--screenshot={shot}", *sandbox),
                    f"http://127.0.0.1:{live.server.port}/history/",
                ],
                check=True,
                capture_output=True,
                timeout=120,
            )
        finally:
            live.close()
        cv2.imwrite(str(repository / PICTURE), read_picture(shot), [cv2.IMWRITE_JPEG_QUALITY, 80])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
