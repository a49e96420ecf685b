"""Single characters of the data folder that the reader's samples are made of."""

from pathlib import Path

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.character_files import load_characters
from lpr_edge.contract.data.datasets import find_dataset
from lpr_train.base.findings import Report
from lpr_train.data.reader_crops import Crop, load_glyph_crops
from lpr_train.render.plate.cutouts import CutoutSource, load_cutouts


def real_cutouts(folder: Path, country: Country) -> CutoutSource | None:
    """Shapes cut out of the real training characters; None if the folder has none."""
    try:
        root = find_dataset(folder, "characters")
    except DataError:
        return None
    return load_cutouts(load_characters(root, "train", country))


def single_characters(folder: Path, country: Country) -> list[Crop]:
    """Training images of the larger set of single characters, for pasting; empty if the folder has none."""
    return [crop for _, crop in load_glyph_crops(folder, "train", country.labels, Report())]
