"""What a device collects: a data folder that a crash leaves whole, within age and quota."""

import json
import multiprocessing
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.golden import tinyland
from tests.support.readings import quad_at

from lpr_edge.collect import collect_folder
from lpr_edge.collect.collect_folder import CollectFolder, Limits, count_collected
from lpr_edge.collect.corrections import keep_correction
from lpr_edge.collect.example import Example, LabelledPlate
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.data.label_file import changing_labels
from lpr_edge.contract.data.plate_photos import load_crops, load_plates

COUNTRY = tinyland.tinyland()
START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
NO_LIMITS = Limits(0, timedelta())


def example(second: int = 0, label: str = "vote", text: str = "A104") -> Example:
    rng = np.random.default_rng(second)
    frame = rng.integers(0, 255, (120, 200, 3), np.uint8)
    return Example(
        frame, "gate", START + timedelta(seconds=second), (LabelledPlate(quad_at(50), (text,), label, 0.97, "A10"),)
    )


def lines_of(root: Path, kind: str = "plates") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / kind / "labels.jsonl").read_text(encoding="utf-8").splitlines()]


def test_it_is_a_data_folder(tmp_path: Path) -> None:
    """Votes go to the training split, readings wait for a person; source, label and the frame's own text are told."""
    folder = CollectFolder(tmp_path, COUNTRY, NO_LIMITS)
    folder.add(example(0))
    folder.add(example(1, "reading"))
    vote, reading = load_plates(tmp_path)
    assert [(photo.split, photo.source, photo.plates[0].label) for photo in (vote, reading)] == [
        ("train", "collected", "vote"),
        ("unlabelled", "collected", "reading"),
    ]
    assert vote.path.name == "20260301T060000000.jpg"
    assert cv2.imread(str(vote.path)).shape == (120, 200, 3)
    assert lines_of(tmp_path)[0]["plates"][0]["read"] == "A10"
    assert not vote.is_ground_truth
    assert (vote.plates[0].is_to_read, reading.plates[0].is_to_read) == (True, False)


def test_crops_in_place_of_frames(tmp_path: Path) -> None:
    """Each plate is cut out with a margin, and its corners are those in the crop."""
    CollectFolder(tmp_path, COUNTRY, NO_LIMITS, with_crops=True).add(example())
    (crop,) = load_crops(tmp_path)
    assert cv2.imread(str(crop.path)).shape == (30, 90, 3)
    assert crop.plates[0].quad_xy.tolist() == [[15, 5], [75, 5], [75, 25], [15, 25]]


def test_files_are_for_this_user_alone(tmp_path: Path) -> None:
    """Plates are personal data: no other user of the machine can read them."""
    root = tmp_path / "made"
    CollectFolder(root, COUNTRY, NO_LIMITS).add(example())
    files = [path for path in root.rglob("*") if path.is_file() and path.suffix in (".jpg", ".jsonl")]
    assert len(files) == 2
    assert {path.stat().st_mode & 0o077 for path in (root, *files)} == {0}


def test_the_oldest_go_beyond_the_quota(tmp_path: Path) -> None:
    """No more than the quota is kept, the newest; each picture has its line, and each line its picture."""
    quota = 60_000
    folder = CollectFolder(tmp_path, COUNTRY, Limits(quota, timedelta()))
    for second in range(10):
        folder.add(example(second))
    names = [line["image"] for line in lines_of(tmp_path)]
    count, size = count_collected(tmp_path)
    assert 1 < count < 10
    assert size <= quota
    assert names == [f"2026030{1}T0600{second:02d}000.jpg" for second in range(10 - count, 10)]
    assert sorted(path.name for path in (tmp_path / "plates/images").iterdir()) == names


def test_the_old_go_if_the_clock_is_trusted(tmp_path: Path) -> None:
    """What is older than asked for is deleted with the next example, unless nobody sets the clock."""
    limits = Limits(0, timedelta(days=30))
    now = START + timedelta(days=31)
    for trusted, left in ((False, 2), (True, 1)):
        folder = CollectFolder(tmp_path / str(trusted), COUNTRY, limits, False, partial(bool, trusted))
        folder.add(example(0), START)
        folder.add(example(31 * 86_400), now)
        assert len(lines_of(tmp_path / str(trusted))) == left


def test_what_a_person_labelled_stays(tmp_path: Path) -> None:
    """Neither age nor quota deletes hand labels, nor pictures that another source brought; without room, none comes."""
    folder = CollectFolder(tmp_path, COUNTRY, Limits(70_000, timedelta(days=1)), ages=lambda: True)
    folder.add(example(0, "hand"))
    with changing_labels(tmp_path / "plates") as lines:
        lines.append(json.dumps({"image": "mine.jpg", "split": "train", "source": "own", "plates": []}))
    for second in range(1, 6):
        folder.add(example(86_400 * 9 * second), START + timedelta(days=9 * second))
    assert {"20260301T060000000.jpg", "mine.jpg"} < {line["image"] for line in lines_of(tmp_path)}
    full = CollectFolder(tmp_path / "full", COUNTRY, Limits(30_000, timedelta()))
    full.add(example(0, "hand"))
    assert full.add(example(1)) == []
    assert full.is_full
    assert len(lines_of(tmp_path / "full")) == 1


def test_a_correction_is_kept_as_a_hand_label(tmp_path: Path) -> None:
    """A person's text, cut into the country's labels, is ground truth; a sign of no plate is refused."""
    folder = CollectFolder(tmp_path, COUNTRY, NO_LIMITS)
    frame = np.zeros((120, 200, 3), np.uint8)
    (name,) = keep_correction(folder, COUNTRY, frame, quad_at(50), ["A 1", "04"], "gate", START)
    (photo,) = load_plates(tmp_path, "train")
    assert (photo.path.name, photo.plates[0].rows, photo.is_ground_truth) == (name, ("A1", "04"), True)
    for rows, message in ((["A€"], "no label of"), ([" "], "needs the plate's text")):
        with pytest.raises(LprError, match=message):
            keep_correction(folder, COUNTRY, frame, quad_at(50), rows, "gate")


class PowerCut(BaseException):
    """Ends the program where it stands."""


def cut_at(step: int, function: Callable[..., Any], count: list[int]) -> Callable[..., Any]:
    """A function that isn't carried out from its `step`th call on."""

    def call(*arguments: Any, **named: Any) -> Any:
        count[0] += 1
        if count[0] >= step:
            raise PowerCut
        return function(*arguments, **named)

    return call


@pytest.mark.parametrize("step", range(1, 12))
def test_a_crash_at_any_step_leaves_whole_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Whenever the program ends, each line is whole and has its whole picture; the next start cleans up."""
    folder = CollectFolder(tmp_path, COUNTRY, Limits(45_000, timedelta()))
    for second in range(2):
        folder.add(example(second))
    count = [0]
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut_at(step, os.fsync, count))
        patch.setattr(Path, "replace", cut_at(step, Path.replace, count))
        patch.setattr(Path, "unlink", cut_at(step, Path.unlink, count))
        try:
            folder.add(example(2))
        except PowerCut:
            assert count[0] == step
        else:
            assert count[0] < step
    listed = lines_of(tmp_path)
    assert len(listed) >= 1
    for line in listed:
        assert cv2.imread(str(tmp_path / "plates/images" / line["image"])) is not None
    CollectFolder(tmp_path, COUNTRY, NO_LIMITS)
    names = {path.name for path in (tmp_path / "plates/images").iterdir()}
    assert names == {line["image"] for line in listed}


def _add(root: str, first: int) -> None:
    folder = CollectFolder(Path(root), COUNTRY, NO_LIMITS)
    for second in range(first, first + 8):
        folder.add(example(second))


def test_two_processes_share_a_folder(tmp_path: Path) -> None:
    """Two devices' programs, or a device and a person who labels, lose none of each other's lines."""
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_add, args=(str(tmp_path), first)) for first in (0, 4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    names = [line["image"] for line in lines_of(tmp_path)]
    assert len(names) == len(set(names)) == 16


def test_a_line_that_cannot_be_read_is_left_as_it_is(tmp_path: Path) -> None:
    """A line that somebody broke by hand is neither lost nor in the way."""
    folder = CollectFolder(tmp_path, COUNTRY, NO_LIMITS)
    with changing_labels(tmp_path / "plates") as lines:
        lines.append("{broken")
    folder.add(example())
    assert (tmp_path / "plates/labels.jsonl").read_text(encoding="utf-8").startswith("{broken\n{")


def test_names_are_its_own() -> None:
    """The next start deletes only pictures that it wrote itself, by their names."""
    assert collect_folder.OWN.fullmatch("20260301T060000000-2.jpg.part")
    assert not collect_folder.OWN.fullmatch("holiday.jpg")
