"""A Containerfile as stages of instructions: the few kinds of them that lpr's has."""

from dataclasses import dataclass, field
from pathlib import Path

KNOWN = ("COPY", "ENTRYPOINT", "EXPOSE", "RUN", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")


@dataclass
class Stage:
    """What is between one FROM and the next."""

    image: str
    """What it begins from."""
    name: str
    """By which later stages copy from it; empty where it has none."""
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Each instruction and what follows it, in order."""


def read_stages(path: Path) -> list[Stage]:
    """Read a Containerfile.

    Raises:
        ValueError: it has an instruction that isn't one of KNOWN, or one before the first FROM.
    """
    stages: list[Stage] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        instruction, text = line.split(maxsplit=1)
        if instruction == "FROM":
            image, _, name = text.partition(" AS ")
            stages.append(Stage(image, name))
        elif instruction in KNOWN and stages:
            stages[-1].steps.append((instruction, text))
        else:
            raise ValueError(f"{path}: {instruction} isn't among what is tried here: FROM, {', '.join(KNOWN)}")
    return stages


def copied(text: str) -> tuple[str, list[str], str]:
    """The words of a COPY: the stage that it copies from (empty for the build's context), sources, and destination."""
    words = text.split()
    stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else ""
    return stage, words[:-1], words[-1]
