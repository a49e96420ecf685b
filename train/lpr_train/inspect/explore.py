"""Explore a data folder: characters' class counts, samples, sizes and duplicates; plates by source."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.datasets import find_dataset, has_dataset
from lpr_edge.contract.report.html_page import check_installed
from lpr_train.base.findings import CheckedImage, Report, duplicate_groups
from lpr_train.inspect.check_characters import check_characters
from lpr_train.inspect.explore_page import PLATES, write_page
from lpr_train.inspect.explore_plates import DATA_SETS, explore_plates
from lpr_train.inspect.explore_plots import plot_counts, plot_duplicates, plot_samples, plot_sizes

FEW = 0.8
"""Fraction of the median class's images below which a class is under-represented: ०, ८ and ९ in the article."""


@dataclass(frozen=True)
class Exploration:
    """Contents of a data set."""

    counts: dict[str, int]
    """Label -> number of readable images, in the order of the classes."""
    rare: tuple[str, ...]
    """The under-represented labels."""
    duplicates: tuple[tuple[CheckedImage, ...], ...]
    """Groups of two or more images with identical bytes."""
    report: Report
    """Every fault that `lpr-train check` finds."""

    def to_text(self) -> str:
        """Format what was counted, under-represented classes, duplicates and faults, one line each."""
        return "\n".join([*(self._of_characters() if self.counts else ()), *self._of_plates(), *self._faults()])

    def _of_plates(self) -> list[str]:
        counted = {name: counts for name, counts in self.report.counts.items() if not name.startswith("characters")}
        return [
            f"{name}: {', '.join(f'{value} {n}' for value, n in counts.items())}" for name, counts in counted.items()
        ]

    def _faults(self) -> list[str]:
        return [f"{finding.path}: {finding.problem}" for finding in self.report.findings if finding.is_error]

    def _of_characters(self) -> list[str]:
        counts = ", ".join(f"{label} {count}" for label, count in self.counts.items())
        return [
            f"{sum(self.counts.values())} pictures: {counts}",
            f"under-represented, below {FEW:.0%} of the median class: {', '.join(self.rare) or 'none'}",
            f"copies of another picture, byte for byte: {sum(len(group) - 1 for group in self.duplicates)}",
        ]


def explore(folder: Path, country: Country, out: Path) -> Exploration:
    """Explore a folder of characters, plates, crops, or what holds them, and write PNGs and `index.html`.

    Args:
        folder: the data set, or its parent.
        country: defines the classes.
        out: the folder to write, created if missing.

    Raises:
        LprError: there is no such data, no image can be read, `out` can't be written, or a package is missing.
    """
    check_installed()
    report = Report()
    has_plates = any(has_dataset(folder, name) for name in DATA_SETS)
    has_characters = has_dataset(folder, "characters") or not has_plates
    pictures = check_characters(find_dataset(folder, "characters"), country, report) if has_characters else []
    if not pictures and not has_plates:
        raise LprError(f"no picture in {folder} can be read: lpr-train check --data {folder} says what is wrong")
    found = summarise(pictures, country, report) if pictures else Exploration({}, (), (), report)
    try:
        out.mkdir(parents=True, exist_ok=True)
        written = _plot_characters(found, pictures, country, out) if pictures else []
        if has_plates and explore_plates(folder, country, report, out / PLATES):
            written.append(PLATES)
        write_page(found.to_text().splitlines(), out, written)
    except OSError as error:
        raise LprError(f"{out} can't be written: {error.strerror}. Give --out a folder of your own.") from error
    return found


def _plot_characters(
    exploration: Exploration, pictures: Sequence[CheckedImage], country: Country, out: Path
) -> list[str]:
    """Draw the four images of characters; their names."""
    plot_counts(exploration.counts, exploration.rare, out / "counts.png")
    plot_samples(_by_label(pictures, country), out / "samples.png")
    plot_sizes([picture.path for picture in pictures], out / "sizes.png")
    plot_duplicates(exploration.duplicates, country.characters, out / "duplicates.png")
    return ["counts.png", "samples.png", "sizes.png", "duplicates.png"]


def summarise(pictures: Sequence[CheckedImage], country: Country, report: Report) -> Exploration:
    """Count images, and find under-represented classes and duplicates."""
    by_name = Counter(picture.label for picture in pictures)
    counts = {label: by_name[name] for name, label in country.characters.items()}
    rare = tuple(label for label, count in counts.items() if count < FEW * median(counts.values()))
    duplicates = tuple(tuple(group) for group in duplicate_groups(pictures))
    return Exploration(counts, rare, duplicates, report)


def _by_label(pictures: Sequence[CheckedImage], country: Country) -> dict[str, list[Path]]:
    """Training images by label; validation images must not be looked at."""
    return {
        label: [picture.path for picture in pictures if (picture.label, picture.split) == (name, "train")]
        for name, label in country.characters.items()
    }
