"""The Containerfile's instructions, done in plain roots of Debian."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.container.containerfile import Stage, copied, read_stages
from tools.container.root import Root


@dataclass(frozen=True)
class Built:
    """What came of a Containerfile."""

    root: Root
    entrypoint: list[str]
    user: str
    workdir: str
    commands: list[str]
    """What its stages ran, in order."""


def build(containerfile: Path, base: Root, work: Path) -> Built:
    """Do what a Containerfile says; the build's context is its folder.

    Args:
        containerfile: read from here.
        base: stands in for the image of each stage.
        work: folder for the stages' roots.

    Raises:
        CalledProcessError: one of its commands failed.
    """
    roots: dict[str, Root] = {}
    commands: list[str] = []
    stages = read_stages(containerfile)
    for number, stage in enumerate(stages):
        roots[stage.name] = base.copy_to(work / f"stage-{number}")
        commands += _do(stage, roots[stage.name], roots, containerfile.parent)
    root, last = roots[stages[-1].name], dict(stages[-1].steps)
    return Built(root, json.loads(last["ENTRYPOINT"]), last["USER"], last["WORKDIR"], commands)


def _do(stage: Stage, root: Root, roots: dict[str, Root], context: Path) -> list[str]:
    """Do a stage's instructions; returns the commands that it ran."""
    workdir, commands = "/", []
    for instruction, text in stage.steps:
        if instruction == "WORKDIR":
            workdir = text
            root.at(workdir).mkdir(parents=True, exist_ok=True)
        elif instruction == "COPY":
            _copy(text, root, roots, context, workdir)
        elif instruction == "RUN":
            root.shell(text, workdir)
            commands.append(text)
    return commands


def _copy(text: str, root: Root, roots: dict[str, Root], context: Path, workdir: str) -> None:
    """A COPY: a folder's contents into the destination, a file into it or under its name."""
    stage, sources, destination = copied(text)
    target = root.at(destination if destination.startswith("/") else f"{workdir}/{destination}")
    for name in sources:
        source = roots[stage].at(name) if stage else context / name
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=None if stage else _LEFT_OUT)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


_LEFT_OUT = shutil.ignore_patterns("__pycache__")
"""As .containerignore has it."""
