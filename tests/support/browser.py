"""Chromium, driven over a pipe by its DevTools protocol: keys are pressed as a person presses them."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDED = "needs a browser (Debian: chromium)"
NAMED = {
    "Enter": (13, "\r"),
    "Tab": (9, ""),
    "PageDown": (34, ""),
    "Backspace": (8, ""),
    "End": (35, ""),
    "Delete": (46, ""),
}
NAMED |= {"ArrowLeft": (37, ""), "ArrowUp": (38, ""), "ArrowRight": (39, ""), "ArrowDown": (40, "")}
MODIFIERS = {"Alt": 1, "Ctrl": 2, "Shift": 8}
WAIT_S = 120.0


class Browser:
    """One page."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._write, self._read = to_browser, from_browser
        self._rest = b""
        self._number = 0
        self.session = ""
        self.console: list[str] = []
        """What the page printed or threw."""
        self.keystrokes = 0

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """Ask the browser for something, and wait for its answer."""
        number = self._send(method, values)
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _send(self, method: str, values: dict[str, Any]) -> int:
        self._number += 1
        message = {"id": self._number, "method": method, "params": values}
        if self.session:
            message["sessionId"] = self.session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return self._number

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            is_ready, _, _ = select([self._read], [], [], WAIT_S)
            assert is_ready, f"the browser says nothing for {WAIT_S:.0f} s"
            piece = os.read(self._read, 1 << 20)
            assert piece, "the browser has ended"
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Page.javascriptDialogOpening":  # nothing goes on before an answer
            self._send("Page.handleJavaScriptDialog", {"accept": True})
        if message.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.console.append(json.dumps(message["params"]))

    def open(self, url: str, ready: str) -> None:
        """Go to a page, and wait until an expression is true there."""
        self.call("Page.navigate", url=url)
        self.wait(ready)

    def js(self, expression: str) -> Any:
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until an expression is true in the page."""
        end = time.monotonic() + WAIT_S
        is_true = f"(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()"  # not there yet
        while not self.js(is_true):
            assert time.monotonic() < end, f"not within {WAIT_S:.0f} s: {expression}; {self.console}"
            time.sleep(0.02)

    def press(self, key: str, *held: str) -> None:
        """Press one key, with others held."""
        self.keystrokes += 1
        code, text = NAMED[key] if key in NAMED else (ord(key.upper()) if key.isalnum() else 0, key)
        modifiers = sum(MODIFIERS[name] for name in held)
        values: dict[str, Any] = {"key": key, "modifiers": modifiers, "windowsVirtualKeyCode": code}
        if text and not modifiers:
            values["text"] = text
        self.call("Input.dispatchKeyEvent", type="keyDown" if "text" in values else "rawKeyDown", **values)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, modifiers=modifiers, windowsVirtualKeyCode=code)

    def type(self, text: str) -> None:
        """Press the keys of a text one after the other."""
        for key in text:
            self.press(key)

    def mouse(self, kind: str, x: float, y: float) -> None:
        """`mousePressed`, `mouseMoved` or `mouseReleased` of the left button at a place of the window."""
        pressed = {"buttons": 1} if kind != "mouseReleased" else {}
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1, **pressed)

    def screenshot(self, path: Path) -> None:
        """Write the window as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def browsing(folder: Path, size_wh: tuple[int, int] = (1280, 800)) -> Iterator[Browser]:
    """A browser with an empty page; `folder` takes its profile."""
    assert CHROMIUM is not None
    to_read, to_browser = os.pipe()
    from_browser, to_write = os.pipe()

    def pipes() -> None:
        """Chromium reads commands at 3 and writes answers at 4."""
        kept = os.dup(to_write)
        os.dup2(to_read, 3)
        os.set_inheritable(3, True)  # it may have been 3 before
        os.dup2(kept, 4)

    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []  # it has none for root
    flags = ["--headless", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe", "--no-first-run", *sandbox]
    window = f"--window-size={size_wh[0]},{size_wh[1]}"
    process = subprocess.Popen(
        [CHROMIUM, *flags, window, f"--user-data-dir={folder / 'profile'}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=pipes,  # no other thread of the tests holds a lock that it needs
        close_fds=False,
    )
    os.close(to_read)
    os.close(to_write)
    browser = Browser(to_browser, from_browser)
    try:
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            browser.call(f"{domain}.enable")
        width, height = size_wh
        browser.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        yield browser
    finally:
        process.terminate()
        process.wait(30)
        os.close(to_browser)
        os.close(from_browser)
