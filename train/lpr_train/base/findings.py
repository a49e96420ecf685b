"""What a check of data found: counts, and one line a fault."""

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lpr_edge.contract.arrays import Image
from lpr_edge.contract.errors import DataError
from lpr_edge.contract.pictures import file_sha256, read_picture

SMALLEST_SIDE = 8
"""Pixels; nobody tells two characters apart on less, and a plate has at least two."""


@dataclass(frozen=True)
class Finding:
    """One fault."""

    path: str
    """The file, and the line where it is a line's fault."""
    problem: str
    """What is wrong, and where the remedy isn't plain, what to do."""
    is_error: bool
    """Whether it would spoil training; else it is only worth knowing."""


@dataclass
class Report:
    """Counts and faults of one or more data sets."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """What was counted -> value -> how often."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """How many faults would spoil training."""
        return sum(finding.is_error for finding in self.findings)

    def error(self, path: object, problem: str) -> None:
        """Note a fault that would spoil training."""
        self.findings.append(Finding(str(path), problem, True))

    def warning(self, path: object, problem: str) -> None:
        """Note what is worth knowing."""
        self.findings.append(Finding(str(path), problem, False))

    def to_json(self) -> str:
        """One JSON object: counts, findings, and how many of either kind."""
        values = {
            "counts": self.counts,
            "findings": [dataclasses.asdict(finding) for finding in self.findings],
            "errors": self.errors,
            "warnings": len(self.findings) - self.errors,
        }
        return json.dumps(values, ensure_ascii=False, indent=2)

    def to_text(self) -> str:
        """Counts, a line each, then findings, a line each, errors first."""
        counts = [f"{name}: {', '.join(f'{value} {n}' for value, n in c.items())}" for name, c in self.counts.items()]
        ordered = sorted(self.findings, key=lambda finding: not finding.is_error)
        lines = [f"{'error' if f.is_error else 'warning'}: {f.path}: {f.problem}" for f in ordered]
        summary = f"{_number(self.errors, 'error')}, {_number(len(self.findings) - self.errors, 'warning')}"
        return "\n".join([*counts, *lines, summary])


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def open_picture(path: Path, report: Report) -> Image | None:
    """Read a picture as training would; note it and return None where training would fail or learn noise."""
    try:
        picture = read_picture(path)
    except DataError as error:
        report.error(path, "isn't there" if not path.exists() else f"can't be read: {error}")
        return None
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        report.error(path, f"is {width}×{height} pixels, and the least is {SMALLEST_SIDE}×{SMALLEST_SIDE}")
        return None
    if np.ptp(picture) == 0:
        report.error(path, "is of one single colour")
        return None
    return picture


@dataclass(frozen=True)
class CheckedImage:
    """A picture that could be read, and what stands with it."""

    path: Path
    split: str
    label: str
    """What it is labelled as; empty where labels don't matter for duplicates."""


def duplicate_groups(pictures: Iterable[CheckedImage]) -> list[list[CheckedImage]]:
    """Pictures of the same bytes, in groups of two or more."""
    by_content: dict[str, list[CheckedImage]] = defaultdict(list)
    for picture in pictures:
        by_content[file_sha256(picture.path)].append(picture)
    return [group for group in by_content.values() if len(group) > 1]
