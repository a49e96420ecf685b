"""Containerfile and compose file, as text; `make container-test` does what they say in plain roots."""

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.container.build import build
from tools.container.containerfile import read_stages
from tools.container.root import Root

from lpr_edge.app.cli import build_parser
from lpr_edge.config.loading import load_config


@pytest.fixture
def steps(repository: Path) -> list[tuple[str, str]]:
    """Each of the Containerfile's instructions, and what it says."""
    stages = read_stages(repository / "Containerfile")
    return [step for stage in stages for step in [("FROM", f"{stage.image} {stage.name}"), *stage.steps]]


@pytest.fixture
def services(repository: Path) -> dict[str, Any]:
    """What the compose file starts, by name."""
    found: dict[str, Any] = yaml.safe_load((repository / "compose.yaml").read_text(encoding="utf-8"))
    return {**found["services"], "volumes": found["volumes"]}


def test_what_is_copied_is_there_and_sent(steps: list[tuple[str, str]], repository: Path) -> None:
    """Each path that the build copies exists, and .containerignore lets it through."""
    sent = (repository / ".containerignore").read_text(encoding="utf-8").splitlines()
    copied = [word for name, text in steps if name == "COPY" and "--from" not in text for word in text.split()[:-1]]
    assert copied
    for path in copied:
        assert (repository / path).exists(), path
        assert f"!{path}" in sent


def test_the_wheels_folders_are_copied(steps: list[tuple[str, str]], repository: Path) -> None:
    """Each package of pyproject.toml is copied before it is installed."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = [word for name, text in steps if name == "COPY" for word in text.split()[:-1]]
    assert [package for package in packages if not any(package.startswith(path) for path in copied)] == []


def test_extras_exist(steps: list[tuple[str, str]], repository: Path) -> None:
    """The extras that the image installs are pyproject.toml's."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [re.search(r"\.\[([a-z,]+)\]", text) for name, text in steps if name == "RUN"]
    extras = [extra for found in named if found for extra in found[1].split(",")]
    assert extras
    assert set(extras) <= set(project["optional-dependencies"])


def test_image_runs_lpr_as_its_own_account(steps: list[tuple[str, str]]) -> None:
    """The last stage leaves root before it runs lpr-edge, and has neither the source nor a second Python."""
    last = steps[[name for name, _ in steps].index("FROM", 1) :]
    assert ("USER", "lpr") in last
    assert json.loads(dict(last)["ENTRYPOINT"]) == ["/opt/lpr/bin/lpr-edge"]
    assert [text for name, text in last if name == "COPY"] == ["--from=build /opt/lpr /opt/lpr"]
    assert len({text.split()[0] for name, text in steps if name == "FROM"}) == 1


def test_steps_are_commands(steps: list[tuple[str, str]]) -> None:
    """Each step that is run splits into words as a shell does it, and apt's lists aren't kept in the image."""
    commands = [text for name, text in steps if name == "RUN"]
    assert all(shlex.split(command) for command in commands)
    assert all("rm -rf /var/lib/apt/lists/*" in command for command in commands if "apt-get" in command)


def test_composed_flags_are_lprs(services: dict[str, Any]) -> None:
    """The compose file's flags and variables are known to lpr-edge, which publishes to the broker next to it."""
    service = services["lpr"]
    parsed = build_parser().parse_args(service["command"])
    assert parsed.mqtt == "mqtt://mosquitto"
    assert "mosquitto" in service["depends_on"]
    variables = {name: "rtsp://camera/1" if name == "LPR_SOURCE" else "x" * 16 for name in service["environment"]}
    assert str(load_config(None, variables).capture.source) == "rtsp://camera/1"


def test_state_is_a_volume(services: dict[str, Any], steps: list[tuple[str, str]]) -> None:
    """What lpr keeps is a volume, everything else can't be written, and no broker without a password is published."""
    service = services["lpr"]
    assert service["volumes"] == ["state:/var/lib/lpr"]
    assert "state" in services["volumes"]
    assert ("VOLUME", "/var/lib/lpr") in steps
    assert service["read_only"]
    assert "ports" not in services["mosquitto"]


def test_stages_are_built_as_they_say(tmp_path: Path) -> None:
    """Files and folders go where COPY says, from the context and from earlier stages; compiled modules stay behind."""
    context = tmp_path / "context"
    (context / "pack/__pycache__").mkdir(parents=True)
    (context / "pack/a.py").touch()
    (context / "one.txt").touch()
    lines = ("FROM x AS first", "WORKDIR /src", "COPY one.txt ./", "COPY pack pack", "FROM x", "USER lpr")
    last = ("COPY --from=first /src/pack /opt/pack", "WORKDIR /var", 'ENTRYPOINT ["/opt/pack/a.py"]')
    (context / "Containerfile").write_text("# a remark\n" + "\n".join((*lines, *last)) + "\n")
    (tmp_path / "base/etc").mkdir(parents=True)
    built = build(context / "Containerfile", Root(tmp_path / "base"), tmp_path)
    assert (built.entrypoint, built.user, built.workdir, built.commands) == (["/opt/pack/a.py"], "lpr", "/var", [])
    assert built.root.at("/opt/pack/a.py").exists()
    assert (tmp_path / "stage-0/src/one.txt").exists()
    assert not built.root.at("/opt/pack/__pycache__").exists()


def test_unknown_instruction_is_refused(tmp_path: Path) -> None:
    """A Containerfile with an instruction that isn't tried here is an error, and not tried by half."""
    (tmp_path / "Containerfile").write_text("FROM x\nHEALTHCHECK CMD true\n")
    with pytest.raises(ValueError, match="HEALTHCHECK isn't among what is tried"):
        read_stages(tmp_path / "Containerfile")
