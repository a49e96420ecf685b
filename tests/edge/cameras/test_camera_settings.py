from pathlib import Path

import pytest

from lpr_edge.app.cli import parse_arguments
from lpr_edge.config.config import Config
from lpr_edge.config.loading import each_camera, load_config
from lpr_edge.contract.base.errors import LprError
from lpr_edge.service.install import plan

NAMES = ("lpr.toml", "lpr-edge.service")
TWO = """
min_confidence = 0.7
roi = "0,0 1,0 1,1"
[[cameras]]
name = "gate"
source = "rtsp://user:pass@10.0.0.7/s"
list = "gate.csv"
[[cameras]]
name = "yard"
camera = 1
tta = 2
roi = "0,0 1,0 0,1"
"""


def load(text: str, folder: Path, **environment: str) -> Config:
    path = folder / "lpr.toml"
    path.write_text(text)
    return load_config(path, environment)


def cameras_of(config: Config) -> list[tuple[str, int | None, str]]:
    captures = [own.capture for own in each_camera(config)]
    return [(one.source_name, one.camera, one.source.written() if one.source else "") for one in captures]


def test_a_camera_has_its_own_settings_and_those_of_the_file(tmp_path: Path) -> None:
    """What stands in a camera's table is its own; all else is the file's, and the others' is not seen."""
    gate, yard = each_camera(load(TWO, tmp_path))
    assert (gate.capture.source_name, gate.capture.source and gate.capture.source.written(), gate.capture.camera) == (
        "gate",
        "rtsp://user:pass@10.0.0.7/s",
        None,
    )
    assert (str(gate.capture.roi), gate.watchlist.list, gate.reading.tta) == ("0,0 1,0 1,1", Path("gate.csv"), None)
    assert (yard.capture.camera, str(yard.capture.roi), yard.watchlist.list, yard.reading.tta) == (
        1,
        "0,0 1,0 0,1",
        None,
        2,
    )
    assert gate.reading.min_confidence == yard.reading.min_confidence == 0.7


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[cameras]]\ncamera = 0", "camera 1 has no `name`: give one"),
        ("[[cameras]]\nname = 'gate 1'\ncamera = 0", "camera 1 has the `name` 'gate 1': give one of letters"),
        ("[[cameras]]\nname = 'a'\nsorce = 'x'", "camera a: unknown key `sorce`. Did you mean `source`?"),
        ("[[cameras]]\nname = 'a'\nmqtt = 'mqtt://h'", "camera a: unknown key `mqtt`"),
        ("[[cameras]]\nname = 'a'\ncamera = 'x'", "camera a: `camera` is 'x', and a whole number was expected"),
        ("[[cameras]]\nname = 'a'\ncamera = 0\nrotate = 45", "camera a: Setting `rotate` is 45"),
        ("[[cameras]]\nname = 'a'\ntta = 1", "camera a has neither `camera`, a number, nor `source`"),
        ("[[cameras]]\nname = 'a'\ncamera = 0\nsource = 'x'", "camera a: Setting `camera` is 0"),
        ("[[cameras]]\nname = 'a'\ncamera = 0\n[[cameras]]\nname = 'A'\ncamera = 1", "2 cameras have the name a"),
        ("camera = 2\n[[cameras]]\nname = 'a'\ncamera = 0", "`camera` is 2, and it must be left out where there are"),
        ("cameras = 3", r"`cameras` is no list of tables: write [[cameras]]"),
        ("every_frame = true\nstore = 'x.db'\n[[cameras]]\nname = 'a'\ncamera = 0", "`every_frame` is True"),
    ],
)
def test_a_mistake_names_camera_and_key(text: str, says: str, tmp_path: Path) -> None:
    """A wrong table is refused in one line: which camera, which key, what was found, what was expected."""
    with pytest.raises(LprError) as caught:
        load(text, tmp_path)
    assert says in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_camera_by_flag_or_environment_takes_the_place_of_the_files(tmp_path: Path) -> None:
    """`--camera 3` and `LPR_SOURCE` read that alone, whatever cameras the file has."""
    config = load(TWO, tmp_path, LPR_SOURCE="a.mp4")
    assert (config.cameras, str(config.capture.source)) == ((), "a.mp4")
    _, config = parse_arguments(["--config", str(tmp_path / "lpr.toml"), "--camera", "3"])
    assert (config.cameras, config.capture.camera) == ((), 3)


def test_camera_flag_given_more_than_once(tmp_path: Path) -> None:
    """Each is a number, a URL or a file, with a name before it or one of its own; a single one is as ever."""
    clip = tmp_path / "my clip.mp4"
    clip.touch()
    urls = ["rtsp://10.0.0.7/1", "rtsp://10.0.0.7/2"]
    texts = ["0", urls[0], urls[1], "gate=2", str(clip)]
    _, config = parse_arguments([word for text in texts for word in ("--camera", text)])
    assert cameras_of(config) == [
        ("camera-0", 0, ""),
        ("10.0.0.7", None, urls[0]),
        ("10.0.0.7-2", None, urls[1]),
        ("gate", 2, ""),
        ("my-clip", None, str(clip)),
    ]
    _, single = parse_arguments(["--camera", "0"])
    assert (single.cameras, cameras_of(single)) == ((), [("", 0, "")])
    _, named = parse_arguments(["--camera", f"gate={urls[0]}"])
    assert (named.cameras, cameras_of(named)) == ((), [("gate", None, urls[0])])


def test_camera_flags_with_one_name_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Two cameras of one name, and a text that is nothing to read, end with status 2 and one line."""
    for words, says in (
        (["--camera", "gate=0", "--camera", "gate=1"], "2 cameras have the name gate"),
        (["--camera", "frnt"], "'frnt' is not a whole number, a stream's URL or a file"),
    ):
        with pytest.raises(SystemExit) as caught:
            parse_arguments(words)
        assert caught.value.code == 2
        assert says in capsys.readouterr().err


def test_the_service_is_told_of_all_cameras(tmp_path: Path) -> None:
    """`--install-service` with several cameras writes a file that means the same, and one unit with their devices."""
    flags = ["--camera", "gate=rtsp://user:pass@10.0.0.7/s", "--camera", "yard=0", "--tta", "1"]
    _, config = parse_arguments(flags)
    unit, files = plan(config, None, tmp_path)
    settings, units = (next(text for path, text in files.items() if path.name == name) for name in NAMES)
    assert unit == "lpr-edge"
    assert load(settings, tmp_path) == config
    assert "PrivateDevices=no" in units
