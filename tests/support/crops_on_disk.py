"""A characters data set to break: noise for pictures, one folder a class."""

from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.country import Country


def noise(seed: int, size_hw: tuple[int, int] = (24, 20)) -> Image:
    return np.random.default_rng(seed).integers(0, 255, (*size_hw, 3), np.uint8)


def write_characters(root: Path, country: Country, each: int) -> Path:
    """Write `each` sound pictures a class, no two alike."""
    for number, name in enumerate(country.characters):
        (root / name).mkdir(parents=True)
        for place in range(each):
            cv2.imwrite(str(root / name / f"{place}.png"), noise(100 * number + place))
    return root
