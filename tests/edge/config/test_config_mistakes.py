"""A settings file with every kind of mistake: each is one line that names the key, and none is a traceback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.faults import Tally

from lpr_edge.app.cli import main
from lpr_edge.config.extensions import SINKS, load_sink
from lpr_edge.config.loading import load_config, schema_of
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import parser_of
from lpr_edge.contract.settings.fields import without_none

KNOWN = schema_of(load_sink(name) for name in SINKS.own)
TYPES = {key: setting.kind for key, setting in KNOWN.items()}
KEYS = list(KNOWN)
WRONG = {
    "a text": '"x"',
    "a number": "1.5",
    "a truth": "true",
    "a list": '["x"]',
    "a table": "{a = 1}",
    "a date": "2026-03-01",
}


def refuses(kind: Any, value: str) -> bool:
    """Whether a value of that sort is of a wrong type for a key."""
    names = str(kind)
    is_text = parser_of(without_none(kind)) is not None or any(name in names for name in ("str", "Path"))
    fits = {'"x"': is_text, "1.5": "float" in names, "true": "bool" in names}
    return not fits.get(value, False)


def mistakes() -> Iterator[tuple[str, str]]:
    for key in KEYS:
        for value in WRONG.values():
            if refuses(TYPES[key], value) and not (key in SINKS and value == WRONG["a table"]):
                yield key, value


def told(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LprError) as caught:
        load_config(path, {})
    return str(caught.value)


@pytest.mark.faults
def test_every_key_with_every_wrong_type(tmp_path: Path, tally: Tally) -> None:
    """A value of a wrong type is told with file, key, value and what was expected, for every key there is."""
    found = list(mistakes())
    assert len(found) > 4 * len(KEYS)
    for key, value in found:
        line = told(tmp_path / "lpr.toml", f"{key} = {value}\n")
        assert "lpr.toml: " in line, (key, value)
        assert f"`{key}` is " in line, (key, value)
        assert "was expected" in line, (key, value)
        assert "\n" not in line, (key, value)
        tally("settings of a wrong type, told in one line", 1, 0)


def test_every_key_mistyped(tmp_path: Path) -> None:
    """A letter too many in any key is told, with the key that was meant where there is one."""
    for key in KEYS:
        line = told(tmp_path / "lpr.toml", f"{key}x = 1\n")
        assert f"unknown key `{key}x`. Did you mean `" in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("list_edits = 3", "Setting `list_edits` is 3, and it must be 0 to 2"),
        ("list_edits = -1", "Setting `list_edits` is -1"),
        ("list_edits_below = 1.5", "Setting `list_edits_below` is 1.5, and it must be 0 to 1"),
        ("list_edits_below = nan", "Setting `list_edits_below` is nan"),
        ('on_match = "x"', "Setting `on_match` is 'x', and it must be left out without `list`"),
        ('list = "a"\non_match_timeout = "soon"', "`on_match_timeout` is 'soon', and it must be a time such as"),
        ('list = "a"\non_match_timeout = "0"', "`on_match_timeout` is '0', and it must be more than 0"),
        ('hash_key = "k"', "Setting `hash_key` is k, and it must be left out without `hash_plates`"),
        ("quiet = true\nverbose = true", "Setting `quiet` is True, and it must be off where `verbose` is on"),
        ('list = "a"\nevery_frame = true', "Setting `every_frame` is True, and it must be off where events are"),
        ("fps = nan", "Setting `fps` is nan"),
        ("fps = inf", "Setting `fps` is inf"),
        ('gap = "-1s"', "Setting `gap` is '-1s'"),
        ('device = "a b"', "Setting `device` is 'a b'"),
        ("rotate = 45", "Setting `rotate` is 45, and it must be 0, 90, 180 or 270"),
        ('size = "big"', "Setting `size` is 'big', and it must be such as 1280x720"),
        ('roi = "0,0 1,1"', "Setting `roi` is '0,0 1,1', and it must be at least three corners x,y"),
        ('line = "0,0.6"', "Setting `line` is '0,0.6', and it must be two points x,y from 0 to 1"),
        ('tiles = "4"', "Setting `tiles` is '4', and it must be auto, off, or columns and rows"),
        ('web = "here"', "Setting `web` is 'here', and it must be HOST:PORT"),
        ('list = "a"\non_match = "gpio:99"', "Setting `on_match` is 'gpio:99', and a pin must be gpio:0 to gpio:27"),
        ('list = "a"\non_match = "\'open"', "and its quotes don't match"),
        ("[lpr]\ncamera = 0", "unknown key `lpr`"),
        ("camera = 0\ncamera = 1", "isn't TOML"),
        ("camera: 0", "isn't TOML"),
        ("camera = 0x", "isn't TOML"),
        ('source = "a', "isn't TOML"),
    ],
)
@pytest.mark.faults
def test_every_value_that_cannot_be(tmp_path: Path, text: str, expected: str, tally: Tally) -> None:
    """Values that no run could use are told with what was found and what must be."""
    line = told(tmp_path / "lpr.toml", text)
    assert expected in line
    assert "\n" not in line
    tally("settings that no run could use, told in one line", 1, 0)


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["0", "30d", "1GB", "1280x720", "litert", "mqtt://b", "https://x", "0,0 1,0 1,1"])
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_values_are_settings_or_one_line(tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]) -> None:
    """Whatever a file says, it is taken or refused in one line: nothing else is ever raised."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text("".join(f"{key} = {toml(value)}\n" for key, value in values.items()), encoding="utf-8")
    told = ""
    try:
        load_config(path, {})
    except LprError as error:
        told = str(error)
    assert len(told.split("\n")) == 1


def toml(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value).replace("null", '""')


def test_the_command_tells_and_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken file is one line on stderr, nothing on stdout, status 1."""
    file = tmp_path / "lpr.toml"
    file.write_text("camera = 0\nlist_edits = 9\n")
    assert main(["--config", str(file)]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "lpr-edge: " in err
