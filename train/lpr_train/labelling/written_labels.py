"""What a person has labelled, written to the folder's labels with a split for each vehicle."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path

from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.data.label_file import HAND, IMAGES, UNLABELLED, changing_labels
from lpr_train.labelling.journal import State, read_changes
from lpr_train.labelling.workplace import JOURNALS, Line, read_label_lines
from lpr_train.labels.splits import TEST, TRAIN, vehicles_of

OWN_FIELDS = ("accepted", "confidence", "read", "label")
"""Of a plate's state, what its label doesn't have."""


def finish(folder: Path, source: str, test_share: float) -> tuple[int, int]:
    """Write the finished states of all journals to the folder's labels; returns the numbers of images and of plates.

    Args:
        folder: holds `images/` and the journals.
        source: of pictures that have no line yet.
        test_share: of the vehicles that are in no split yet, those for testing.

    Raises:
        OSError: the disk doesn't take it; the labels stay as they were.
        DataError: a journal or the labels can't be read.
    """
    done: dict[str, State] = {}
    for path in sorted((folder / JOURNALS).glob("part-*.jsonl")):
        changes, _ = read_changes(path)
        done |= {name: state for name, state in changes.states.items() if state.get("done")}
    with changing_labels(folder) as lines:
        before = read_label_lines(folder)
        after = before | {name: _line(folder, name, state, before, source) for name, state in done.items()}
        _give_splits(after, test_share)
        lines[:] = [json.dumps(after[name], ensure_ascii=False) for name in after]
    return len(done), sum(len(state["plates"]) for state in done.values())


def _line(folder: Path, name: str, state: State, before: Mapping[str, Line], source: str) -> Line:
    """A picture's line of labels, with what is known of it apart from its plates."""
    height, width = read_picture(folder / IMAGES / name).shape[:2]
    about = {"image": name, "width": width, "height": height, "split": UNLABELLED, "source": source}
    plates = [
        {key: value for key, value in plate.items() if key not in OWN_FIELDS} | {"label": HAND}
        for plate in state["plates"]
    ]
    return about | before.get(name, {}) | {"plates": plates}


def _give_splits(lines: dict[str, Line], test_share: float) -> None:
    """Give each labelled image its vehicle's split, or one that is derived from the vehicle's text."""
    names = [name for name, line in lines.items() if all(p.get("label", HAND) == HAND for p in line["plates"])]
    texts = [["".join(plate["rows"]) for plate in lines[name]["plates"]] for name in names]
    vehicles = vehicles_of(texts)
    known: dict[int, str] = {}
    for name, vehicle in zip(names, vehicles, strict=True):
        split = lines[name].get("split", UNLABELLED)
        if split != UNLABELLED and known.get(vehicle) != TEST:
            known[vehicle] = split
    for name, vehicle, own in zip(names, vehicles, texts, strict=True):
        if lines[name].get("split", UNLABELLED) == UNLABELLED:
            drawn = zlib.crc32(min(own, default=name).encode()) / 2**32 < test_share
            lines[name]["split"] = known.setdefault(vehicle, TEST if drawn else TRAIN)
