"""The files of a data set: a folder walked once, and pictures found by the names that labels call them."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import foreign_remedy, is_foreign_picture, is_hidden, is_picture
from lpr_edge.contract.base.text_files import MAX_LABEL_BYTES, parse_json, read_text, shown
from lpr_train.labels.formats.records import Notes

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")
MAX_HEADS = 50
"""Files with an ending that are looked at to recognise a format."""
HEAD = 4096
"""Characters of each that are looked at."""
SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
NO_PICTURE = "the picture isn't there"
UNLABELLED = "the picture has no label"


class SourceFiles:
    """What lies in a data set's folder.

    Files that systems put there by themselves are left out, and so is what links lead to outside.
    """

    def __init__(self, source: Path, images: Path | None = None) -> None:
        """Walk the folder.

        Args:
            source: the folder, or one file of labels in it.
            images: another folder with the pictures, where the labels came without them.

        Raises:
            DataError: there is nothing, or an archive.
        """
        if source.suffix.lower() in ARCHIVES and source.is_file():
            raise DataError(f"{shown(source)} is an archive: unpack it, then import its folder")
        if not source.exists() or (images and not images.is_dir()):
            missing = source if not source.exists() else images
            raise DataError(f"no folder or file {shown(str(missing))}: give the data set's folder, or its labels' file")
        self.source = source
        self.root = source if source.is_dir() else source.parent
        inside = sorted(_walk(self.root))
        self.labels = [path for path in inside if not is_picture(path)] if source.is_dir() else [source]
        self.pictures = [path for path in inside if is_picture(path)]
        self.foreign = [path for path in inside if is_foreign_picture(path)]
        if images:
            more = sorted(_walk(images))
            self.pictures += [path for path in more if is_picture(path) and path not in set(self.pictures)]
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in [*self.pictures, *self.foreign]:
            self._by_name[_key(path.name)].append(path)

    def labels_of(self, *suffixes: str) -> list[Path]:
        """Files with one of the endings, in order."""
        return [path for path in self.labels if path.suffix.lower() in suffixes]

    def heads(self, suffix: str, whole: bool = False) -> Iterator[str]:
        """The text of the first files with an ending, to recognise a format by.

        Args:
            suffix: with its dot, in small letters.
            whole: or their beginning alone.
        """
        for path in self.labels_of(suffix)[:MAX_HEADS]:
            with suppress(OSError, DataError):
                yield read_text(path, MAX_LABEL_BYTES)[: None if whole else HEAD]

    def shown(self, path: Path) -> str:
        """A path as reports write it: from the data set's folder on."""
        return shown(path.relative_to(self.root) if path.is_relative_to(self.root) else path)

    def picture(self, name: str, labels: Path, where: str, notes: Notes) -> Path | None:
        """The picture that a label names.

        The label's own folders decide where several have that name: as many of its last parts as agree.

        Args:
            name: as the label writes it; a path of another machine is fine.
            labels: the file of labels.
            where: for the note.
            notes: gets a line where the picture isn't found, or isn't one that lpr reads.
        """
        parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", ".", "..")]
        found = self._by_name.get(_key(parts[-1]), []) if parts else []
        best = _best_match(found, parts, labels.parent)
        if best is None:
            reason = f"{len(found)} pictures have that name" if found else NO_PICTURE
            notes.left_out(where, reason, shown(name))
        elif is_foreign_picture(best):
            notes.left_out(self.shown(best), "a kind of picture that lpr doesn't read", foreign_remedy(best))
            best = None
        return best

    def split_of(self, path: Path) -> str:
        """The split that a path's folders name: the innermost of them that names one; empty where none does."""
        inner = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        return next((word for part in reversed(inner.parts[:-1]) if (word := split_word(part))), "")

    def note_unlabelled(self, labelled: set[Path], notes: Notes) -> None:
        """Note each picture in the folder that no label names."""
        for path in self.pictures:
            if path not in labelled:
                notes.left_out(self.shown(path), UNLABELLED)


def split_word(name: str) -> str:
    """The split that a folder's or file's name has among its words: `train`, `val`, `test`, or none."""
    stem = name.lower().removesuffix("2017").removesuffix("2014")
    words = "".join(letter if letter.isalpha() else " " for letter in stem).split()
    return next((SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS), "")


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_hidden(Path(name))]
        yield from (path for name in names if not is_hidden(path := Path(parent, name)) and path.is_file())


def _key(name: str) -> str:
    """A name as other systems may have spelt it: composed or not, in capitals or not."""
    return unicodedata.normalize("NFC", name).casefold()


def _best_match(found: list[Path], parts: list[str], folder: Path) -> Path | None:
    """The one path that agrees with the most of a name's last parts; then the nearest to the labels."""
    ranked = sorted(((_agreeing(path, parts), _is_near(path, folder)), path) for path in found)
    if not ranked or (len(ranked) > 1 and ranked[-1][0] == ranked[-2][0]):
        return None
    return ranked[-1][1]


def _agreeing(path: Path, parts: list[str]) -> int:
    pairs = zip(reversed(path.parts), reversed(parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: _key(pair[0]) == _key(pair[1]), pairs))


def _is_near(path: Path, folder: Path) -> int:
    """How many folders, from the root on, a picture and its labels share."""
    pairs = zip(path.parent.parts, folder.parts, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)) + (path.parent == folder)


def read_large_json(path: Path) -> Any:
    """Read a JSON file of labels.

    Raises:
        OSError: it can't be read.
        ValueError: it isn't JSON, or too deep.
        DataError: it is too large, or in another encoding.
    """
    return parse_json(read_text(path, MAX_LABEL_BYTES))
