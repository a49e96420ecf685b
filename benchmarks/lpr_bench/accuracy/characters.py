"""Accuracy of the classifier on pictures of single characters."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lpr_bench.base.tables import format_share
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.data.character_files import CharacterFile
from lpr_edge.contract.metrics import share
from lpr_export.report.text_table import format_table


@dataclass(frozen=True)
class CharacterOutcome:
    """A picture's true and predicted label."""

    image: str
    """Class folder and file name."""
    truth: str
    read: str
    confidence: float


def score_characters(
    files: Sequence[CharacterFile], classify: Callable[[Image], tuple[str, float]]
) -> list[CharacterOutcome]:
    """Classify every file.

    Args:
        files: labelled pictures.
        classify: returns label and confidence of a crop (H, W, 3) uint8 BGR.

    Raises:
        DataError: a file is missing or can't be decoded.
    """
    return [
        CharacterOutcome(f"{file.path.parent.name}/{file.path.name}", file.label, *classify(read_picture(file.path)))
        for file in files
    ]


def summarize(outcomes: Sequence[CharacterOutcome]) -> dict[str, Any]:
    """Accuracy, accuracy by class, confusions and every miss, as plain values."""
    return {
        "accuracy": share(_right(outcomes), len(outcomes)),
        "by_class": {label: share(right, count) for label, right, count in _by_class(outcomes)},
        "confusions": [{"truth": t, "read": r, "count": n} for (t, r), n in confusions(outcomes)],
        "misses": [asdict(outcome) for outcome in outcomes if outcome.truth != outcome.read],
    }


def confusions(outcomes: Sequence[CharacterOutcome]) -> list[tuple[tuple[str, str], int]]:
    """((true label, predicted label), count) of errors, in descending order."""
    return Counter((o.truth, o.read) for o in outcomes if o.truth != o.read).most_common()


def format_characters(outcomes: Sequence[CharacterOutcome]) -> str:
    """Accuracy and confusions as text tables."""
    rows = [[label, format_share(right, count)] for label, right, count in _by_class(outcomes)]
    tables = [format_table(["class", "right"], [["all", format_share(_right(outcomes), len(outcomes))], *rows])]
    wrong = [[f"{truth} read as {read}", str(count)] for (truth, read), count in confusions(outcomes)]
    if wrong:
        tables.append(format_table(["confusion", "times"], wrong))
    return "\n\n".join(tables)


def _right(outcomes: Sequence[CharacterOutcome]) -> int:
    return sum(outcome.truth == outcome.read for outcome in outcomes)


def _by_class(outcomes: Sequence[CharacterOutcome]) -> list[tuple[str, int, int]]:
    """(label, right, count) of each class, in the order of the files."""
    labels = dict.fromkeys(outcome.truth for outcome in outcomes)
    groups = {label: [outcome for outcome in outcomes if outcome.truth == label] for label in labels}
    return [(label, _right(group), len(group)) for label, group in groups.items()]
