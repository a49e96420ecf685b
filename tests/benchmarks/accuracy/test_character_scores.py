from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_bench.accuracy.characters import format_characters, score_characters, summarize
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.data.character_files import CharacterFile


@pytest.fixture
def files(tmp_path: Path) -> list[CharacterFile]:
    """Three grey crops whose brightness says their class."""
    for value in (10, 20, 30):
        cv2.imwrite(str(tmp_path / f"{value}.png"), np.full((9, 7, 3), value, np.uint8))
    return [CharacterFile(tmp_path / f"{v}.png", sign) for v, sign in ((10, "१"), (20, "१"), (30, "बा"))]


def classify(crop: Image) -> tuple[str, float]:
    return ("१" if crop.mean() < 15 else "बा"), 0.9


def test_accuracy_confusions_and_misses(files: list[CharacterFile]) -> None:
    """Accuracy is counted in all and by class, and what was taken for what is listed."""
    figures = summarize(score_characters(files, classify))
    assert (figures["accuracy"]["successes"], figures["accuracy"]["count"]) == (2, 3)
    assert figures["by_class"]["१"]["value"] == 0.5
    assert figures["confusions"] == [{"truth": "१", "read": "बा", "count": 1}]
    assert [miss["image"].rpartition("/")[2] for miss in figures["misses"]] == ["20.png"]


def test_table(files: list[CharacterFile]) -> None:
    """The printed table has a line for all, one for each class, and the confusions."""
    lines = format_characters(score_characters(files, classify)).splitlines()
    assert lines[1].split()[:2] == ["all", "66.7%"]
    assert lines[-1].split() == ["१", "read", "as", "बा", "1"]


def test_table_without_confusions(files: list[CharacterFile]) -> None:
    """A faultless classifier's table has no list of confusions."""
    assert "confusion" not in format_characters(score_characters(files[:1], classify))
