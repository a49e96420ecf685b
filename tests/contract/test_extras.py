import sys

import pytest

from lpr_edge.contract.base.errors import DataError, LprError, needing_extra


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """What isn't installed is one line with the command that installs it."""
    monkeypatch.setitem(sys.modules, "paho", None)
    with (
        pytest.raises(LprError, match=r"^--mqtt needs paho-mqtt: pip install 'lpr\[mqtt\]'$"),
        needing_extra("--mqtt", "paho-mqtt", "mqtt"),
    ):
        import paho  # noqa: F401  # that it fails is the test


def test_a_broken_package_says_why() -> None:
    """What is installed and can't be imported says so, in an error of the wanted type."""
    with (
        pytest.raises(DataError, match=r"^x needs y, and it can't be imported \(libz.so: missing\): pip "),
        needing_extra("x", "y", "web", DataError),
    ):
        raise ImportError("libz.so: missing")
