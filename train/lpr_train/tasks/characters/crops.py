"""The classifier's crops: loaded from the folders of data, and split into training and held-out ones."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lpr_edge.contract.country import Country
from lpr_train.base.findings import Report
from lpr_train.base.task import LEARNT_OTHERS, MIN_COMPARED, OTHERS
from lpr_train.data.initial_run import images_of_initial_run
from lpr_train.data.photo_folders import MAX_COMPARED
from lpr_train.data.reader_crops import LONGEST_SIDE, Crop, hold_out_groups, hold_out_runs, load_crops, load_glyph_crops
from lpr_train.tasks.characters.config import CharactersConfig

MAX_REPORTED = 20
"""Maximum number of messages on broken images; `lpr-train check` reports all."""


class CropLoader:
    """Loads crops as a run's settings say; images that are left out are reported on stderr.

    Args:
        config: the run's settings.
        country: names the folders of the classes.
        labels: the classifier's alphabet.
    """

    def __init__(self, config: CharactersConfig, country: Country, labels: Sequence[str]) -> None:
        self._config = config
        self._country = country
        self._labels = labels
        self._is_wide = config.alphabet == "wide"

    def own(self, longest_side: int) -> tuple[list[Crop], list[Crop]]:
        """Crops of `data` to train on, and those held out; none without a folder.

        Args:
            longest_side: in pixels, to which larger images are reduced.
        """
        config = self._config
        crops = self._load(config.data, "train", longest_side) if config.data else []
        training, held_out = hold_out_runs(crops, config.holdout, config.seed)
        groups = self._load_glyphs(config.data) if self._is_wide else []
        glyphs, held_glyphs = hold_out_groups(groups, config.holdout / 4, config.seed)
        return [*training, *glyphs], [*held_out, *held_glyphs]

    def others(self, known: set[str]) -> list[Crop]:
        """Crops of `also` as another source; those with a SHA-256 in `known` are left out."""
        folder = self._config.also
        if not folder:
            return []
        crops = [replace(crop, source="also") for crop in self._load(folder, "train", LONGEST_SIDE)]
        if self._is_wide:
            crops += [crop for _, crop in self._load_glyphs(folder)]
        return [crop for crop in crops if crop.sha256 not in known]

    def validation(self) -> list[Crop]:
        """Crops of the published validation split, in full size; none without a folder."""
        return self._load(self._config.data, "validation", 0) if self._config.data else []

    def _load(self, folder: str, split: str, longest_side: int) -> list[Crop]:
        report = Report()
        crops = load_crops(Path(folder), split, self._country, report, longest_side)
        _print_first(report)
        if len(report.findings) > MAX_REPORTED:
            rest = f"and {len(report.findings) - MAX_REPORTED} more in the {split} split"
            print(f"lpr-train: left out: {rest}; lpr-train check --data {folder} lists all", file=sys.stderr)
        return crops

    def _load_glyphs(self, folder: str) -> list[tuple[str, Crop]]:
        """Load the training images of the larger data set, each with its group."""
        report = Report()
        crops = load_glyph_crops(Path(folder), "train", self._labels, report) if folder else []
        _print_first(report)
        return crops


def _print_first(report: Report) -> None:
    for finding in report.findings[:MAX_REPORTED]:
        print(f"lpr-train: left out: {finding.path}: {finding.problem}", file=sys.stderr)


def split_others(crops: Sequence[Crop], config: CharactersConfig) -> tuple[list[Crop], list[Crop], str]:
    """Split the crops of `also` as `load_training` splits photographs, without vehicles.

    Returns:
        Crops to train on; crops to compare networks on, none unless `also_holdout` asks for them; and what these are,
        `OTHERS` or `LEARNT_OTHERS`.
    """
    if not config.also_holdout:
        return list(crops), [], OTHERS
    known = images_of_initial_run(config.init)
    unseen = [crop for crop in crops if not known.has(crop.sha256)]
    rest, held_out = hold_out_runs(unseen, config.also_holdout, config.seed)
    seen = [crop for crop in crops if known.has(crop.sha256)]
    if len(held_out) >= MIN_COMPARED:
        return [*seen, *rest], held_out, OTHERS
    chosen = np.random.default_rng(config.seed).permutation(len(seen))[:MAX_COMPARED]
    return list(crops), [seen[place] for place in sorted(chosen)], LEARNT_OTHERS
