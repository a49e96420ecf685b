"""The live page as an app."""

import re

import cv2
import numpy as np
from tests.support.pages import get, get_json, page

from lpr_edge.web.page_files import FILES

SECRET = ("state", "picture", "history", "list", "draw", "metrics", "health", "api")


def test_the_page_can_be_installed() -> None:
    """The manifest names an icon of the size that it says, and every file of the shell is there."""
    with page() as live:
        manifest = get_json(live, "/manifest.webmanifest")
        status, headers, png = get(live, "/" + manifest["icons"][0]["src"])
        assert (status, headers["content-type"]) == (200, "image/png")
        height, width = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR).shape[:2]
        assert f"{width}x{height}" == manifest["icons"][0]["sizes"]
        assert "worker-src 'self'" in headers["content-security-policy"]
        assert get(live, "/worker.js")[0] == 200
        for name in shell():
            assert get(live, "/" + name.removeprefix("./"))[0] == 200, name


def test_the_worker_keeps_no_plates() -> None:
    """The service worker answers for the shell's files alone, and only these go into its cache."""
    text = (FILES / "worker.js").read_text(encoding="utf-8")
    assert [name for name in shell() if any(word in name for word in SECRET)] == []
    assert "!isShell(event.request.url)) return" in text
    assert re.findall(r"cache\.(\w+)", text) == ["addAll"]


def shell() -> list[str]:
    text = (FILES / "worker.js").read_text(encoding="utf-8")
    found: list[str] = re.findall(r'"([^"]+)"', re.search(r"SHELL = \[(.*?)\]", text)[1])  # type: ignore[index]
    return found
