"""The blueprint and the add-on for Home Assistant."""

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from tests.edge.watchlist.test_matching import match

from lpr_edge import __version__
from lpr_edge.base.web_address import WebAddress
from lpr_edge.config.actions import RelayPin
from lpr_edge.config.loading import load_config
from lpr_edge.delivery.sinks.mqtt import match_message


class Input(str):
    """An input of a blueprint that is used."""


class Loader(yaml.SafeLoader):
    """Knows `!input`."""


Loader.add_constructor("!input", lambda loader, node: Input(loader.construct_scalar(node)))


@pytest.fixture(scope="module")
def files(repository: Path) -> Path:
    return repository / "home-assistant"


@pytest.fixture(scope="module")
def blueprint(files: Path) -> Any:
    text = (files / "blueprints/automation/lpr/open_gate.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader)  # a safe loader's child


def used_inputs(value: Any) -> set[str]:
    if isinstance(value, Input):
        return {str(value)}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(used_inputs(one) for one in inner))


def test_every_input_of_the_blueprint_is_used(blueprint: Any) -> None:
    """Each input has a name and a selector and is used; none is used that isn't declared."""
    declared = blueprint["blueprint"]["input"]
    assert used_inputs(blueprint) == set(declared)
    assert all({"name", "selector"} <= one.keys() for one in declared.values())
    assert blueprint["blueprint"]["domain"] == "automation"


def test_the_blueprint_opens_for_its_word_alone(blueprint: Any) -> None:
    """With a match message of lpr, the condition holds for the list's word and for no other; names are passed on."""
    (condition,) = blueprint["conditions"]
    names = blueprint["actions"][0]["variables"]

    def render(template: str, action: str) -> str:
        message = match_message(match(action))
        return str(jinja2.Template(template).render(trigger={"payload_json": message}, word="open"))

    assert [render(condition["value_template"], action) for action in ("open", "call")] == ["True", "False"]
    assert {name: render(template, "open") for name, template in names.items()} == {
        "plate": "A104",
        "name": "Ram",
        "action": "open",
    }


@pytest.fixture(scope="module")
def addon(files: Path) -> Any:
    return yaml.safe_load((files / "lpr/config.yaml").read_text(encoding="utf-8"))


def test_the_add_on_has_what_home_assistant_asks_for(addon: Any) -> None:
    """The required keys of an add-on are there, its version is lpr's, and every option has a type."""
    assert {"name", "version", "slug", "description", "arch"} <= addon.keys()
    assert addon["version"] == __version__
    assert set(addon["arch"]) <= {"aarch64", "amd64"}
    assert addon["options"].keys() == addon["schema"].keys()


def run_script(files: Path) -> Any:
    spec = importlib.util.spec_from_file_location("addon_run", files / "lpr/run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("secure", [False, True])
def test_the_add_ons_options_are_settings_of_lpr(files: Path, addon: Any, secure: bool) -> None:
    """Every option, filled in, and the supervisor's broker become settings that lpr takes."""
    options = {
        "source": "rtsp://camera/1",
        "device": "gate",
        "list": "/share/gate.csv",
        "on_match": "gpio:17",
        "web_token": "correct-horse-battery",
    }
    assert options.keys() == addon["options"].keys()
    broker = {"host": "core-mosquitto", "port": 1883, "ssl": secure, "username": "addons", "password": "secret"}
    config = load_config(None, run_script(files).settings_of(options, broker))
    assert (str(config.capture.source), config.watchlist.on_match) == ("rtsp://camera/1", RelayPin(17))
    mqtt: Any = config.sinks["mqtt"]
    assert (mqtt.url.written(), mqtt.password) == (
        f"mqtt{'s' if secure else ''}://addons@core-mosquitto:1883",
        "secret",
    )


def test_without_options_the_add_on_reads_the_boards_camera(files: Path, addon: Any) -> None:
    """The defaults, without a broker, are the first camera, a store that survives an update, and the live page."""
    config = load_config(None, run_script(files).settings_of(addon["options"], None))
    assert (config.capture.camera, str(config.delivery.store)) == (0, "/data/events.db")
    assert (config.web.web, config.sinks) == (WebAddress("0.0.0.0", 8080), {})


def test_the_dockerfile_copies_what_is_there(files: Path) -> None:
    """Each copied file stands in the folder, or is the wheel; what is run was copied; the extras exist."""
    lines = [line for line in (files / "lpr/Dockerfile").read_text().splitlines() if not line.startswith("#")]
    assert lines[0].startswith("FROM python:3.11-")
    copied = [shlex.split(line)[1] for line in lines if line.startswith("COPY")]
    assert copied == ["lpr-*.whl", "run.py"]
    assert (files / "lpr/run.py").exists()
    assert '"/run.py"' in lines[-1]
    (extras,) = re.findall(r"\[([a-z,]+)\]\"", "\n".join(lines))
    text = (files.parent / "pyproject.toml").read_text()
    assert all(re.search(rf"^{extra} = \[", text, re.MULTILINE) for extra in extras.split(","))
