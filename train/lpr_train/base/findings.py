"""Findings of a data check: counts, and one line for each fault."""

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import file_sha256, read_picture

SMALLEST_SIDE = 8
"""Shortest side of a usable image in pixels: characters can't be distinguished on less."""


@dataclass(frozen=True)
class Finding:
    """One fault in a data set."""

    path: str
    """The file, with the line number if the fault is in a line."""
    problem: str
    """What is wrong and, unless it is obvious, what to do."""
    is_error: bool
    """True if training would fail or learn something wrong; False for a warning."""


@dataclass
class Report:
    """Counts and findings of one or more data sets."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """What is counted -> value -> how often it occurs."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """Number of findings that are errors."""
        return sum(finding.is_error for finding in self.findings)

    def error(self, path: object, problem: str) -> None:
        """Add a finding that would spoil training."""
        self.findings.append(Finding(str(path), problem, True))

    def warning(self, path: object, problem: str) -> None:
        """Add a finding that training tolerates."""
        self.findings.append(Finding(str(path), problem, False))

    def to_json(self) -> str:
        """Format as one JSON object: counts, findings, and the numbers of errors and warnings."""
        values = {
            "counts": self.counts,
            "findings": [dataclasses.asdict(finding) for finding in self.findings],
            "errors": self.errors,
            "warnings": len(self.findings) - self.errors,
        }
        return json.dumps(values, ensure_ascii=False, indent=2)

    def to_text(self) -> str:
        """Format as text: a line for each count, then a line for each finding, errors first."""
        counts = [f"{name}: {', '.join(f'{value} {n}' for value, n in c.items())}" for name, c in self.counts.items()]
        ordered = sorted(self.findings, key=lambda finding: not finding.is_error)
        lines = [f"{'error' if f.is_error else 'warning'}: {f.path}: {f.problem}" for f in ordered]
        summary = f"{_number(self.errors, 'error')}, {_number(len(self.findings) - self.errors, 'warning')}"
        return "\n".join([*counts, *lines, summary])


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def open_picture(path: Path, report: Report) -> Image | None:
    """Read an image as training does; report a fault and return None if training can't use it."""
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
    """A readable image of a data set."""

    path: Path
    split: str
    label: str
    """Its label; empty where duplicates are found regardless of labels."""


def duplicate_groups(pictures: Iterable[CheckedImage]) -> list[list[CheckedImage]]:
    """Group images with identical bytes; returns the groups of two or more."""
    by_content: dict[str, list[CheckedImage]] = defaultdict(list)
    for picture in pictures:
        by_content[file_sha256(picture.path)].append(picture)
    return [group for group in by_content.values() if len(group) > 1]
