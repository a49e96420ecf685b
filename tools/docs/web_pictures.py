"""Pictures of the web page for the documentation: a gate with the demo clip's rendered vehicles, in Chromium."""

import tempfile
from pathlib import Path

import cv2
import numpy as np
from tests.support.accessibility import Look, show
from tests.support.browser import CHROMIUM, NEEDED, Browser, browsing
from tests.support.gate_pages import gate

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.pictures import read_picture

FOLDER = Path("docs/images")
DESK = {"live": "web-live", "history": "history-list", "list": "web-list", "line": "web-draw", "event": "web-event"}
"""Screen -> the picture's name."""
PHONE = ("live", "history", "event", "region")
"""Screens side by side, in Nepali."""
DESK_WIDTH, PHONE_WIDTH, PHONE_HEIGHT = 1100, 390, 844
MOST_HEIGHT = 800
GAP = 16
QUALITY = 65
COMPLETE = "(each) => each.complete || each.getBoundingClientRect().top > innerHeight || !each.checkVisibility()"
"""Whether a picture is there that is in sight; those further down are fetched later."""


def draw_web_pages(repository: Path) -> None:
    """Show each screen to a browser, and keep what it sees.

    Raises:
        RuntimeError: there is no Chromium.
    """
    if CHROMIUM is None:
        raise RuntimeError(NEEDED)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "gate").mkdir()
        with gate(folder / "gate") as live, browsing(folder / "browser") as browser:
            port = live.server.port
            for screen, name in DESK.items():
                show(browser, Look(screen, "admin", "en", "light", "desk"), port)
                _write(repository / FOLDER / f"{name}.jpg", _shot(browser, folder, DESK_WIDTH, MOST_HEIGHT))
            phones = []
            for screen in PHONE:
                show(browser, Look(screen, "admin", "ne", "light", "phone"), port)
                phones.append(_shot(browser, folder, PHONE_WIDTH, PHONE_HEIGHT))
            _write(repository / FOLDER / "web-phone.jpg", _side_by_side(phones))


def _shot(browser: Browser, folder: Path, width: int, most_height: int) -> Image:
    """What is on the screen, (H, `width`, 3) uint8, as high as the page but no higher than `most_height`."""
    size = {"width": width, "deviceScaleFactor": 1, "mobile": False}
    browser.call("Emulation.setDeviceMetricsOverride", height=most_height, **size)
    height = min(most_height, browser.js("document.documentElement.scrollHeight"))
    browser.call("Emulation.setDeviceMetricsOverride", height=height, **size)
    browser.wait(f"[...document.images].every({COMPLETE})")
    browser.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    path = folder / "shot.png"
    browser.screenshot(path)
    return read_picture(path)


def _side_by_side(pictures: list[Image]) -> Image:
    high = max(picture.shape[0] for picture in pictures)
    padded = [
        cv2.copyMakeBorder(each, 0, high - each.shape[0], 0, GAP, cv2.BORDER_CONSTANT, value=(255, 255, 255))
        for each in pictures
    ]
    return np.asarray(np.hstack(padded)[:, :-GAP], np.uint8)


def _write(path: Path, picture: Image) -> None:
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    draw_web_pages(Path(__file__).resolve().parents[2])
