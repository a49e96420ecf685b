import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from tests.support.extension import imported_from, install_example
from tools.docs.extending import PACKAGE

from lpr_edge.config.loading import load_config
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import COUNTRIES, load_country
from lpr_edge.text.grammar import Grammar
from lpr_edge.wiring.config_check import check_settings
from lpr_train.app.cli import main as lpr_train


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A folder outside of the repository that the page's package is installed in."""
    return install_example(repository, tmp_path_factory.mktemp("site"))


def lpr_edge(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run lpr-edge as a process that finds the packages of `site`."""
    environment = os.environ | {"PYTHONPATH": str(site), "XDG_STATE_HOME": str(folder / "state")}
    command = [sys.executable, "-m", "lpr_edge", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_sink_gets_the_events_of_the_demo(installed: Path, tmp_path: Path) -> None:
    """`--tally FILE` of another package writes a line for each event, and its own setting is a flag."""
    done = lpr_edge(installed, tmp_path, "--demo", "--quiet", "--tally", "plates.txt", "--tally-separator", ";")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert len(events) > 1
    lines = (tmp_path / "plates.txt").read_text(encoding="utf-8").splitlines()
    assert lines == [f"{event['first_seen']};{event['text']};{event['latin']}" for event in events]


def test_the_runtime_is_chosen_by_name(installed: Path, tmp_path: Path) -> None:
    """`--runtime dummy` of another package runs the shipped networks: without looking, so that no plate is read."""
    done = lpr_edge(installed, tmp_path, "--demo", "--runtime", "dummy", "--dummy-level", "0.1")
    assert (done.returncode, done.stdout) == (0, "")
    assert "demo: 0 of " in done.stderr


def test_sink_and_runtime_have_lines_of_the_doctor(installed: Path, tmp_path: Path) -> None:
    """The doctor reports what the sink and the chosen runtime say, and what must be repaired decides its status."""
    (tmp_path / "picture.jpg").write_bytes(cv2.imencode(".jpg", cv2.UMat(48, 64, cv2.CV_8UC3).get())[1].tobytes())
    words = ("--doctor", "--json", "--source", "picture.jpg", "--runtime", "dummy", "--tally", "missing/plates.txt")
    done = lpr_edge(installed, tmp_path, *words)
    found = {finding["check"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert found["dummy"]["found"] == "every output is 0: no plate is read"
    assert (found["tally"]["state"], done.returncode) == ("repair", 1)
    assert found["tally"]["remedy"].startswith("mkdir -p ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('camera = 0\n[tally]\npath = "a.txt"\nseparator = "\\n"\n', "tally_separator holds a line end: .*`;`"),
        ('camera = 0\nruntime = "dummy"\n[dummy]\nlevel = 2\n', "dummy_level is 2: give a number from 0 to 1"),
    ],
)
def test_their_own_checks_are_asked(installed: Path, tmp_path: Path, text: str, message: str) -> None:
    """Settings in TOML tables of an extension are checked by it before anything is opened."""
    path = tmp_path / "lpr.toml"
    path.write_text(text, encoding="utf-8")
    with imported_from(installed), pytest.raises(LprError, match=message):
        check_settings(load_config(path, {}))


def test_a_misspelt_key_is_refused(installed: Path, tmp_path: Path) -> None:
    """A key that an extension doesn't have is an error that names its nearest one."""
    path = tmp_path / "lpr.toml"
    path.write_text("camera = 0\n[dummy]\nlevl = 1\n", encoding="utf-8")
    with (
        imported_from(installed),
        pytest.raises(LprError, match=r"unknown key `dummy_levl`\. Did you mean `dummy_level`"),
    ):
        load_config(path, {})


def test_the_help_shows_their_flags(installed: Path, tmp_path: Path) -> None:
    """`--help` lists the flags of installed sinks and runtimes with the text below their fields."""
    shown = " ".join(lpr_edge(installed, tmp_path, "--help").stdout.split())
    assert "--tally PATH file that gets a line for each vehicle" in shown
    assert "--dummy-level X the value of every output, 0 to 1 (default: 0" in shown


def test_the_country_is_rendered_and_parsed(installed: Path, tmp_path: Path) -> None:
    """The renderer draws the country of another package by its name, and the grammar reads its plates."""
    picture = tmp_path / "plates.png"
    with imported_from(installed):
        assert lpr_train(["preview", "--country", "latinia", "--count", "4", "--out", str(picture)]) == 0
        latinia = load_country("latinia")
    assert cv2.imread(str(picture)) is not None
    parsed = Grammar(latinia).parse(latinia.tokenize("C 45 FG"))
    assert (parsed.valid, parsed.fields["region_name"], parsed.fields["number"]) == (True, "Capital", "45")
    assert not Grammar(latinia).parse(latinia.tokenize("45 C")).valid


def test_a_country_has_the_name_of_its_entry_point(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point that names another country's file, or no file, is an error that says so."""
    with imported_from(installed):
        monkeypatch.setattr(COUNTRIES, "own", COUNTRIES.own | {"utopia": "lpr_example:LATINIA", "nowhere": "sys:argv"})
        with pytest.raises(LprError, match=r"is the country 'latinia', and 'utopia' in lpr\.countries must be one"):
            load_country("utopia")
        with pytest.raises(LprError, match="isn't the path of the country 'nowhere'"):
            load_country("nowhere")
        with pytest.raises(LprError, match=r"no country 'atlantis': .* nepal, utopia, nowhere, latinia"):
            load_country("atlantis")


@pytest.mark.slow
def test_pip_installs_the_package(repository: Path, tmp_path: Path) -> None:
    """The page's files are a package that pip builds and installs, and lpr-edge finds its sink."""
    site = tmp_path / "site"
    pip = ("-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site))
    surroundings = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}  # a relative path
    subprocess.run([sys.executable, *pip, str(repository / PACKAGE)], check=True, cwd=tmp_path, env=surroundings)
    done = lpr_edge(site, tmp_path, "--demo", "--tally", "plates.txt")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "plates.txt").read_text(encoding="utf-8").count("\n") == len(done.stdout.splitlines()) > 0
