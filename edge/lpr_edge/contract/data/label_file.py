"""The file of labels, `labels.jsonl`: its words, and changing it while other processes do so too."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lpr_edge.contract.base.text_files import read_lines
from lpr_edge.contract.whole_files import write_whole

LABELS = "labels.jsonl"
IMAGES = "images"
LOCK = ".labels.lock"
HAND, BOX = "hand", "box"
"""How a plate's corners are known: each by hand, or as a loose upright box around it."""
VOTE, READING = "vote", "reading"
"""Who labelled a plate, where no person (`HAND`) did: a confident vote over a vehicle's frames, or one reading that
nobody has confirmed."""
LABELLERS = (HAND, VOTE, READING)
UNLABELLED = "unlabelled"
"""The split of photographs that wait for a person's labels: nothing is trained or measured on it."""
BOTH, FOREIGN = "both", "foreign"
"""Kinds in addition to the scripts: a registration with its twin in another script, and another country's plate."""
TRAINING_SPLIT = "train"
"""The one split that networks learn from; a part of it is held out by groups."""


@contextmanager
def changing_labels(folder: Path) -> Iterator[list[str]]:
    """Change the lines of a folder's labels under a lock; they are written atomically at the end.

    Args:
        folder: is there; holds `labels.jsonl`, or will.

    Yields:
        The lines, without blank ones, to be changed in place. After an exception the file stays as it was.

    Raises:
        OSError: it can't be written.
        DataError: it can't be read.
    """
    path = folder / LABELS
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines = [line for _, line in read_lines(path)] if path.exists() else []
        before = list(lines)
        yield lines
        if lines != before or not path.exists():
            write_whole(path, "".join(f"{line}\n" for line in lines).encode())
