"""Compare two results plate by plate: gained and lost readings, with McNemar's test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.text_files import read_json
from lpr_edge.contract.metrics import mcnemar, share
from lpr_export.report.text_table import format_table

Key = tuple[str, int]
"""A photograph's name and the plate's index in it."""
Plates = Mapping[Key, Mapping[str, Any]]


@dataclass(frozen=True)
class Change:
    """A plate with different readings."""

    key: Key
    truth: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Comparison:
    """Exact matches of the same plates, before and after."""

    both: int
    neither: int
    gained: tuple[Change, ...]
    lost: tuple[Change, ...]
    otherwise: tuple[Change, ...]
    """Wrong in both, with different texts."""

    @property
    def count(self) -> int:
        """Number of compared plates."""
        return self.both + self.neither + len(self.gained) + len(self.lost)

    @property
    def p_value(self) -> float:
        """p-value of McNemar's exact test, two-sided (1947)."""
        return mcnemar(len(self.gained), len(self.lost))


def read_previous_result(path: Path) -> dict[str, Any]:
    """Read a result of `lpr-bench accuracy --json`.

    Raises:
        LprError: it is no such result, or of an older version without plate numbers.
    """
    try:
        result: dict[str, Any] = read_json(path)
        _ = [(plate["image"], plate["plate"]) for plate in result["plates"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LprError(
            f"{path} can't be compared with ({error!r}): give what this lpr's lpr-bench accuracy --json FILE wrote"
        ) from error
    return result


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """Compare two results on the plates whose text counts in both.

    Raises:
        LprError: they are of different plates.
    """
    old, new = _scored(before, after["kind"]), _scored(after, after["kind"])
    if {key: plate["truth"] for key, plate in old.items()} != {key: plate["truth"] for key, plate in new.items()}:
        raise LprError(
            f"the two results are of different plates ({len(old)} and {len(new)}, {len(old.keys() & new.keys())} of "
            "them the same): measure both on the same --data and --split"
        )
    right = {key: (_exact(old[key]), _exact(new[key])) for key in new}
    changes = {key: Change(key, new[key]["truth"], old[key]["read"], new[key]["read"]) for key in new}
    return Comparison(
        sum(pair == (True, True) for pair in right.values()),
        sum(pair == (False, False) for pair in right.values()),
        tuple(changes[key] for key, pair in right.items() if pair == (False, True)),
        tuple(changes[key] for key, pair in right.items() if pair == (True, False)),
        tuple(c for key, c in changes.items() if right[key] == (False, False) and c.before != c.after),
    )


def _scored(result: Mapping[str, Any], kind: str | None) -> Plates:
    """Key -> plate, for plates whose text counts; see `plates_report.scored_plates`."""
    return {
        (plate["image"], plate["plate"]): plate
        for plate in result["plates"]
        if plate["legible"] == "full" and kind in (None, plate["kind"])
    }


def _exact(plate: Mapping[str, Any]) -> bool:
    return bool(plate["read"] == plate["truth"])


def summarize_comparison(comparison: Comparison) -> dict[str, Any]:
    """Counts, p-value, and every gained and lost plate, as plain values."""
    before, after = (comparison.both + len(part) for part in (comparison.lost, comparison.gained))
    return {
        "before": share(before, comparison.count),
        "after": share(after, comparison.count),
        "both": comparison.both,
        "neither": comparison.neither,
        "gained": _plain(comparison.gained),
        "lost": _plain(comparison.lost),
        "otherwise_wrong": _plain(comparison.otherwise),
        "mcnemar_p": comparison.p_value,
    }


def _plain(changes: Sequence[Change]) -> list[dict[str, Any]]:
    return [
        {"image": c.key[0], "plate": c.key[1], "truth": c.truth, "before": c.before, "after": c.after} for c in changes
    ]


def format_comparison(comparison: Comparison, name: str) -> str:
    """The comparison as text tables."""
    counts = [
        ["read by both", str(comparison.both)],
        ["gained", str(len(comparison.gained))],
        ["lost", str(len(comparison.lost))],
        ["read by neither", str(comparison.neither)],
        ["McNemar's exact p", f"{comparison.p_value:.3f}"],
    ]
    rows = [
        [what, change.key[0], change.truth, change.before or "–", change.after or "–"]
        for what, part in (("gained", comparison.gained), ("lost", comparison.lost))
        for change in part
    ]
    tables = [format_table([f"against {name}", f"{comparison.count} plates"], counts)]
    if rows:
        tables.append(format_table(["", "photograph", "truth", "before", "after"], rows))
    return "\n\n".join(tables)
