"""The folders of the experiment that measures what a reader gains from its votes."""

import json
from pathlib import Path

import cv2
import numpy as np
from tests.support.collected_gain import divide, lines_of, votes_of, write_folder

from lpr_edge.contract.data.plate_photos import load_plates

QUAD = [[10, 10], [70, 10], [70, 40], [10, 40]]


def write_data(folder: Path) -> Path:
    """Ten vehicles of a new source, one of them in the test split, and two of a known one."""
    images = folder / "plates" / "images"
    images.mkdir(parents=True)
    lines = []
    for number in range(12):
        cv2.imwrite(str(images / f"{number}.png"), np.full((60, 90, 3), number, np.uint8))
        plate = {"quad": QUAD, "rows": ["बा१प", f"{number:04d}".translate(str.maketrans("0123456789", "०१२३४५६७८९"))]}
        source, split = "new" if number < 10 else "known", "test" if number == 9 else "train"
        lines.append(json.dumps({"image": f"{number}.png", "split": split, "source": source, "plates": [plate]}))
    (images.parent / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_no_clip_shows_a_vehicle_that_judges(tmp_path: Path) -> None:
    """Clips show four fifths of the training vehicles; the others and the test split compare the networks."""
    divide(write_data(tmp_path / "data"), "new", ["known"], tmp_path)
    texts = {
        name: {"".join(plate.rows) for photo in load_plates(tmp_path / name) for plate in photo.plates}
        for name in ("gate", "judge", "known")
    }
    assert [len(texts[name]) for name in ("gate", "judge", "known")] == [7, 3, 2]
    assert texts["gate"].isdisjoint(texts["judge"])
    assert [photo.split for photo in load_plates(tmp_path / "gate", "test")] == []


def test_only_votes_are_trained_on(tmp_path: Path) -> None:
    """Readings that wait for a person are left out; names that repeat from folder to folder stay apart."""
    data = write_data(tmp_path / "data")
    lines = lines_of(data)
    for number, line in enumerate(lines):
        line["plates"][0]["label"] = "vote" if number % 2 else "reading"
    images = data / "plates" / "images"
    made = write_folder(tmp_path / "made", [(images, lines), (images, lines[:1])])
    assert len(votes_of(made)) == 6
    assert len(load_plates(made)) == len({photo.path.name for photo in load_plates(made)}) == 13
    assert all(photo.path.exists() for photo in load_plates(made))
