import argparse
import json
from datetime import timedelta
from pathlib import Path

import pytest

from lpr_edge.app.cli import build_parser, main, parse_arguments
from lpr_edge.base.web_address import WebAddress
from lpr_edge.config.actions import MatchAction
from lpr_edge.config.extensions import SINKS, load_sink
from lpr_edge.config.loading import config_of, each_camera, flat_values, load_config, schema_of, with_flags
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import written

ALL_KEYS = list(schema_of(load_sink(name) for name in SINKS.own))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lpr.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_flags_win_over_environment_and_environment_over_file(tmp_path: Path) -> None:
    """A key is taken from the flags, else from LPR_..., else from the file, else it has its default."""
    file = write(tmp_path, 'source = "a.mp4"\nthreads = 2\nmin_confidence = 1\nmax_frames = 5\n')
    config = load_config(file, {"LPR_THREADS": "3", "LPR_MAX_FRAMES": "6", "HOME": "/"})
    config = with_flags(config, argparse.Namespace(threads=4, demo=False))
    assert (config.models.threads, config.reading.max_frames, config.reading.min_confidence) == (4, 6, 1.0)
    assert str(config.capture.source) == "a.mp4"
    assert config.models.runtime == "auto"


def test_a_later_camera_takes_the_place_of_a_source(tmp_path: Path) -> None:
    """Camera and source exclude each other, and the later word counts."""
    config = load_config(write(tmp_path, "camera = 1\n"), {"LPR_SOURCE": "a.mp4"})
    assert (config.capture.camera, str(config.capture.source)) == (None, "a.mp4")
    config = with_flags(config, argparse.Namespace(camera=0))
    assert (config.capture.camera, config.capture.source) == (0, None)


def test_the_environment_names_a_file(tmp_path: Path) -> None:
    """LPR_CONFIG is --config for a service; a given --config goes before it."""
    file = write(tmp_path, "threads = 2\nshow = true\n")
    assert load_config(None, {"LPR_CONFIG": str(file)}).models.threads == 2
    assert load_config(None, {"LPR_CONFIG": str(file), "LPR_SHOW": "no"}).output.show is False
    assert load_config(file, {"LPR_CONFIG": "missing.toml"}).models.threads == 2
    assert load_config(None, {}) == config_of()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thread = 2", r"lpr\.toml: unknown key `thread`\. Did you mean `threads`\?"),
        ("xyzzy = 2", r"lpr\.toml: unknown key `xyzzy`\. Known keys: camera, source, "),
        ('threads = "2"', r"lpr\.toml: `threads` is '2', and a whole number was expected\."),
        ("threads = true", r"`threads` is True, and a whole number was expected"),
        ("threads = 0", r"lpr\.toml: Setting `threads` is 0, and it must be 1 or more"),
        ("camera = 1.5", r"`camera` is 1\.5, and a whole number was expected"),
        ("camera = -1", r"Setting `camera` is -1, and it must be 0 or more"),
        ('camera = 0\nsource = "a"', r"Setting `camera` is 0, and it must be left out where `source` is given"),
        ("show = 1", r"`show` is 1, and true or false was expected"),
        ("save_video = 3", r"`save_video` is 3, and a path was expected"),
        ("min_confidence = 2", r"Setting `min_confidence` is 2\.0, and it must be 0 to 1"),
        ("min_confidence = nan", r"Setting `min_confidence` is nan, and it must be 0 to 1"),
        ('runtime = "tensorrt"', r"Setting `runtime` is tensorrt, and it must be one of auto, litert, "),
        ("[mqtt]\ntopics = 1", r"unknown key `mqtt_topics`\. Did you mean `mqtt_topic`\?"),
        ("threads = ", r"lpr\.toml isn't TOML: "),
        ("threads = 1\nthreads = 2", r"lpr\.toml isn't TOML: "),
    ],
)
def test_every_mistake_in_a_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    """A mistake in the file is told with the file, the key, what was found and what was expected."""
    with pytest.raises(LprError, match=message) as caught:
        load_config(write(tmp_path, text), {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("LPR_THREAD", "2", r"environment: unknown key `LPR_THREAD`\. Did you mean `LPR_THREADS`\?"),
        ("LPR_THREADS", "two", r"environment: `LPR_THREADS` is 'two', and a whole number was expected"),
        ("LPR_SHOW", "maybe", r"environment: `LPR_SHOW` is 'maybe', and true or false was expected"),
        ("LPR_THREADS", "0", r"environment: Setting `threads` is 0, and it must be 1 or more"),
    ],
)
def test_every_mistake_in_the_environment_is_one_clear_line(name: str, text: str, message: str) -> None:
    """A mistake in the environment is told with the variable's name."""
    with pytest.raises(LprError, match=message):
        load_config(None, {name: text})


def test_missing_and_binary_files_are_told(tmp_path: Path) -> None:
    """A file that isn't there, is a folder, or isn't text is one line."""
    for path in (tmp_path / "no.toml", tmp_path):
        with pytest.raises(LprError, match=r"can't be read: .*\. Give --config a TOML file\."):
            load_config(path, {})
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LprError, match=r"b\.toml isn't UTF-16-LE text"):
        load_config(binary, {})


def test_every_key_is_a_flag_with_help() -> None:
    """Every setting can be given as a flag, and --help says what it means."""
    actions = {action.dest: action for action in build_parser()._actions}
    assert [key for key in ALL_KEYS if not (actions[key].help or "").strip()] == []


def test_a_file_alone_says_what_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a source in the file no flag is needed; a wrong file is one line on stderr, status 1."""
    monkeypatch.setenv("LPR_THREADS", "2")
    _, config = parse_arguments(["--config", str(write(tmp_path, 'source = "a.mp4"'))])
    assert (str(config.capture.source), config.models.threads) == ("a.mp4", 2)


def test_a_wrong_file_is_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake in the file ends the command with one line and status 1."""
    assert main(["--config", str(write(tmp_path, "sauce = 1"))]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "unknown key `sauce`. Did you mean `source`?" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'keep = "30 days"',
            r"Setting `keep` is '30 days', and it must be a time such as 12h or 30d, or 0 for no limit",
        ),
        ("keep = 30", r"`keep` is 30, and a text was expected"),
        ('quota = "much"', r"Setting `quota` is 'much', and it must be a size such as 500MB or 2GB"),
        ('rotate_size = "1B"', r"Setting `rotate_size` is 1B, and it must be 1kB or more"),
        ('device = "a/b"', r"Setting `device` is 'a/b', and it must be without /"),
        ('mqtt_topic = "#"', r"Setting `mqtt_topic` is '#', and it must be without spaces, \+, # and outer /"),
        ('web = "everywhere"', r"Setting `web` is 'everywhere', and it must be HOST:PORT, such as 127\.0\.0\.1:8080"),
        ('web_token = "secret"', r"lpr\.toml: Setting `web_token` is not shown here, and it must be 16 or more"),
        ('health_after = "0"', r"Setting `health_after` is 0, and it must be above 0"),
        ('mqtt_metrics = "often"', r"Setting `mqtt_metrics` is 'often', and it must be a time such as"),
        ('csv = "a.csv"\nevery_frame = true', r"`every_frame` is True, and it must be off where events are stored"),
    ],
)
def test_every_mistake_about_sinks_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    """Times, sizes and names that can't be are told like any other mistake."""
    with pytest.raises(LprError, match=message):
        load_config(write(tmp_path, text), {})


def test_times_and_sizes() -> None:
    """Units are those that people write; 0 is no limit."""
    usual = config_of().delivery
    assert (usual.keep, usual.quota, usual.rotate_size) == (timedelta(days=30), 10**9, 10**7)
    assert config_of(keep="0").delivery.keep == timedelta(0)
    assert config_of(keep="1.5h").delivery.keep == timedelta(minutes=90)
    assert config_of(quota="2 gb").delivery.quota == 2 * 10**9


def test_the_page_needs_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--web` alone is this machine's port 8080; an address, a file or the environment say another."""
    assert parse_arguments(["--camera", "0", "--web"])[1].web.web == WebAddress("127.0.0.1", 8080)
    assert parse_arguments(["--web", "0.0.0.0:80", "--camera", "0"])[1].web.web == WebAddress("0.0.0.0", 80)
    assert parse_arguments(["--camera", "0"])[1].web.web is None
    monkeypatch.setenv("LPR_WEB", "8081")
    assert parse_arguments(["--config", str(write(tmp_path, "camera = 0"))])[1].web.web == WebAddress("127.0.0.1", 8081)


WRITTEN = {
    "size": "1280x720",
    "roi": "0.1,0.5 0.9,0.5 0.9,1 0.1,1",
    "line": "0,0.6 1,0.6",
    "tiles": "4x3",
    "on_match": "gpio:17:barrier",
    "web": "127.0.0.1:8080",
    "gap": "90s",
    "quota": "2GB",
}
"""Settings that are written as texts of a form of their own."""


def test_texts_are_read_once_and_written_as_they_were(tmp_path: Path) -> None:
    """Each such setting is a typed value as soon as it is read, and a file that is written from it says the same."""
    config = load_config(write(tmp_path, toml(WRITTEN | {"camera": 0, "list": "gate.csv"})), {})
    values = flat_values(config)
    assert {key for key in WRITTEN if isinstance(values[key], str)} == set()
    assert {key: written(values[key]) for key in WRITTEN} == WRITTEN


@pytest.mark.parametrize("command", ["/bin/true", "'/opt/my gate/open' --wait 'a b'"])
def test_a_program_is_written_as_it_was(command: str) -> None:
    """A program and its arguments keep their quotes, so that a settings file made of them runs the same."""
    action = MatchAction.parse(command, "on_match")
    assert MatchAction.parse(str(action), "on_match") == action


def test_an_empty_text_clears_what_may_be_left_out() -> None:
    """`roi = ""`, as the page that draws it writes, is no region; what must have a value refuses it."""
    assert (config_of(roi="").capture.roi, config_of(line="").capture.line, config_of(web="").web.web) == (None,) * 3
    with pytest.raises(LprError, match="Setting `keep` is '', and it must be a time"):
        config_of(keep="")


def toml(values: dict[str, object]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def test_former_names_of_keys_are_accepted(tmp_path: Path) -> None:
    """A key's former name means the same as its name in a file, a camera's table, the environment and as a flag."""
    text = 'list = "l.csv"\nlist_doubt = 0.5\n'
    assert load_config(write(tmp_path, text)).watchlist.list_edits_below == 0.5
    own = each_camera(load_config(write(tmp_path, '[[cameras]]\nname = "a"\ncamera = 0\nlist_doubt = 0.5\n')))
    assert [one.watchlist.list_edits_below for one in own] == [0.5]
    assert load_config(None, {"LPR_LIST_DOUBT": "0.5"}).watchlist.list_edits_below == 0.5
    assert parse_arguments(["--camera", "0", "--list-doubt", "0.5"])[1].watchlist.list_edits_below == 0.5
