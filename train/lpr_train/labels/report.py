"""Report of an import: counts, assumptions and omissions."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from lpr_train.labels.formats.records import Note, Notes

EXAMPLES = 3
"""Of each reason that the text names; the JSON has all."""


@dataclass
class ImportReport:
    """Counts, guesses and omissions of one import."""

    source: str
    format: str
    """The format's name."""
    title: str
    split: str
    """How the split came about."""
    notes: Notes
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """What was counted -> value -> how often."""
    advice: list[str] = field(default_factory=list)
    """What to do about it."""

    def to_json(self) -> str:
        """One JSON object with every message."""
        values = {
            "source": self.source,
            "format": self.format,
            "split": self.split,
            "taken": self.counts,
            "guessed": [vars(note) for note in self.notes.guesses],
            "left_out": [vars(note) for note in self.notes.omissions],
            "advice": self.advice,
        }
        return json.dumps(values, ensure_ascii=False, indent=2) + "\n"

    def to_text(self) -> str:
        """Counts, then each reason with its number and first examples."""
        counts = [f"  {name}: {', '.join(f'{value} {n}' for value, n in c.items())}" for name, c in self.counts.items()]
        lines = [f"{self.title}, from {self.source}", "taken:", *counts, f"  split: {self.split}"]
        for name, notes in (("guessed", self.notes.guesses), ("left out", self.notes.omissions)):
            lines += [f"{name}: {'' if notes else 'nothing'}".rstrip(), *_by_reason(notes)]
        return "\n".join([*lines, *self.advice])


def _by_reason(notes: Sequence[Note]) -> list[str]:
    groups: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        groups[note.reason].append(note)
    return [f"  {len(group)}: {reason} ({_examples(group)})" for reason, group in groups.items()]


def _examples(notes: Sequence[Note]) -> str:
    shown = [f"{note.where}: {note.detail}" if note.detail else note.where for note in notes[:EXAMPLES]]
    return "; ".join([*shown, "…"] if len(notes) > EXAMPLES else shown)
