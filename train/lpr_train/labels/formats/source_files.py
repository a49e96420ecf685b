"""Files of a data set: the folder is listed once, and images are found by the names in labels."""

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
    """Files in a data set's folder.

    Files that systems put there by themselves are left out, and so is what links lead to outside.
    """

    def __init__(self, source: Path, images: Path | None = None) -> None:
        """List the folder.

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
        """Files with one of the extensions, in order."""
        return [path for path in self.labels if path.suffix.lower() in suffixes]

    def heads(self, suffix: str, whole: bool = False) -> Iterator[str]:
        """Beginning of the first files with an extension, to detect the format.

        Args:
            suffix: with its dot, in small letters.
            whole: or their beginning alone.
        """
        for path in self.labels_of(suffix)[:MAX_HEADS]:
            with suppress(OSError, DataError):
                yield read_text(path, MAX_LABEL_BYTES)[: None if whole else HEAD]

    def shown(self, path: Path) -> str:
        """A path relative to the data set's folder, for reports."""
        return shown(path.relative_to(self.root) if path.is_relative_to(self.root) else path)

    def picture(self, name: str, labels: Path, where: str, notes: Notes) -> Path | None:
        """Find the image that a label names.

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
        """Split named by a path's innermost folder that names one; empty without any."""
        inner = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        return next((word for part in reversed(inner.parts[:-1]) if (word := split_word(part))), "")

    def note_unlabelled(self, labelled: set[Path], notes: Notes) -> None:
        """Report each image of the folder that no label names."""
        for path in self.pictures:
            if path not in labelled:
                notes.left_out(self.shown(path), UNLABELLED)


def split_word(name: str) -> str:
    """Split in a folder's or file's name: `train`, `val`, `test`, or none."""
    stem = name.lower().removesuffix("2017").removesuffix("2014")
    words = "".join(letter if letter.isalpha() else " " for letter in stem).split()
    return next((SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS), "")


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_hidden(Path(name))]
        yield from (path for name in names if not is_hidden(path := Path(parent, name)) and path.is_file())


def _key(name: str) -> str:
    """Normalise a name: Unicode composition and case differ between systems."""
    return unicodedata.normalize("NFC", name).casefold()


def _best_match(candidates: list[Path], parts: list[str], folder: Path) -> Path | None:
    """The only path that agrees with most of a name's last parts; then the one nearest to the labels."""
    ranked = sorted(((_agreeing(path, parts), _is_near(path, folder)), path) for path in candidates)
    if not ranked or (len(ranked) > 1 and ranked[-1][0] == ranked[-2][0]):
        return None
    return ranked[-1][1]


def _agreeing(path: Path, parts: list[str]) -> int:
    pairs = zip(reversed(path.parts), reversed(parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: _key(pair[0]) == _key(pair[1]), pairs))


def _is_near(path: Path, folder: Path) -> int:
    """Number of folders, from the root on, that an image and its labels share."""
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
