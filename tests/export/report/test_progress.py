import io
import sys
from importlib import import_module
from types import ModuleType

import pytest

from lpr_export.report import progress
from lpr_export.report.progress import show_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal every item is handed on, and the bar with its description goes to stderr."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert list(show_progress([1, 2, 3], "comparing")) == [1, 2, 3]
    assert "comparing" in terminal.getvalue()


def test_no_bar_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """Where stderr is a file or a pipe, nothing is printed."""
    assert list(show_progress([1, 2, 3], "comparing")) == [1, 2, 3]
    assert capsys.readouterr().err == ""


def test_works_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board without rich goes through the same items."""

    def find(name: str) -> ModuleType:
        if name.startswith("rich"):
            raise ModuleNotFoundError(name=name)
        return import_module(name)

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(progress, "import_module", find)
    assert list(show_progress([1, 2, 3], "comparing")) == [1, 2, 3]
    assert terminal.getvalue() == ""
