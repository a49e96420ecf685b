"""The representative data set: training pictures whose activation ranges decide the quantisation scales."""

import hashlib
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.run.samples import picture_sha256
from lpr_export.base.errors import ExportError

MIN_PICTURES = 16
"""Minimum number of pictures: with fewer, activation ranges depend on chance."""
HASH_DIGITS = 12
"""Digits of each file's SHA-256 in the manifest: enough to identify it among millions, and small."""


@dataclass(frozen=True)
class EvaluationPictures:
    """Pictures that parity is measured on, so that none may be calibrated on."""

    files: frozenset[str]
    """SHA-256 of source files."""
    inputs: frozenset[str]
    """SHA-256 of the pixels that the network sees."""

    @staticmethod
    def of(several: Iterable["EvaluationPictures"]) -> "EvaluationPictures":
        """Those of several sets together."""
        sets = list(several)
        return EvaluationPictures(
            frozenset().union(*(s.files for s in sets)), frozenset().union(*(s.inputs for s in sets))
        )

    def holds(self, file_sha256: str, picture: Image) -> bool:
        """Whether a picture (H, W, C) uint8 is among them, by its file's hash or by its pixels."""
        return file_sha256 in self.files or picture_sha256(picture) in self.inputs


@dataclass(frozen=True)
class RepresentativeSet:
    """Pictures to calibrate on, and their origin."""

    pictures: tuple[Image, ...]
    """(H, W, C) uint8 each, preprocessed as on the device."""
    source: str
    """Where they come from, such as `rendered` or `train split of plates`."""
    sha256: tuple[str, ...]
    """Of each picture's source file."""
    seed: int
    strata: tuple[str, ...] = ()
    """Stratum of each picture (content, rows, brightness), for balanced halves; empty if unknown."""
    refused: int = 0
    """Number of training files left out because they are held out or also in an evaluation split."""

    def to_dict(self) -> dict[str, Any]:
        """The manifest's entry; `sha256` is the hash of the pictures' sorted and joined hashes."""
        joined = "\n".join(sorted(map(picture_sha256, self.pictures))).encode()
        return {
            "source": self.source,
            "count": len(self.pictures),
            "seed": self.seed,
            "sha256": hashlib.sha256(joined).hexdigest(),
            "files": sorted({digest[:HASH_DIGITS] for digest in self.sha256}),
            "refused": self.refused,
        }

    def halves(self) -> tuple["RepresentativeSet", "RepresentativeSet"]:
        """Split into two halves with the same strata; all pictures of one file stay in one half."""
        strata = self.strata or ("",) * len(self.pictures)
        files = dict(sorted(zip(self.sha256, strata, strict=True)))
        ordered = sorted(files, key=lambda digest: files[digest])
        first = set(ordered[::2])
        return self._only(first), self._only(set(ordered) - first)

    def _only(self, files: Set[str]) -> "RepresentativeSet":
        kept = [number for number, digest in enumerate(self.sha256) if digest in files]
        return replace(
            self,
            pictures=tuple(self.pictures[number] for number in kept),
            sha256=tuple(self.sha256[number] for number in kept),
            strata=tuple(self.strata[number] for number in kept) if self.strata else (),
        )


def check_calibration(calibration: RepresentativeSet, shape: Sequence[int]) -> None:
    """Check that a representative data set can give usable scales.

    Raises:
        ExportError: too few pictures, of another size than the network's input, or without any contrast.
    """
    count = len(calibration.pictures)
    if count < MIN_PICTURES:
        raise ExportError(
            f"the representative data set has {count} pictures ({calibration.source}), and needs {MIN_PICTURES} or "
            "more. Draw more of them, or give --data DIR"
        )
    wrong = {picture.shape for picture in calibration.pictures} - {tuple(shape)}
    if wrong:
        raise ExportError(
            f"the representative data set has pictures of shape {sorted(wrong)[0]}, and the network takes "
            f"{tuple(shape)}. Train the run again with lpr-train"
        )
    if not any(np.ptp(picture) for picture in calibration.pictures):
        raise ExportError(
            f"all {count} pictures of the representative data set ({calibration.source}) are blank. "
            "Draw it again from training pictures"
        )


def check_disjoint(calibration: RepresentativeSet, measured: EvaluationPictures, what: str) -> None:
    """Check that no calibration picture is also an evaluation picture, by content, not by name.

    Args:
        calibration: the representative data set.
        measured: the evaluation pictures.
        what: name of these pictures in the error message.

    Raises:
        ExportError: a picture is in both.
    """
    pairs = zip(calibration.sha256, calibration.pictures, strict=True)
    shared = [digest for digest, picture in pairs if measured.holds(digest, picture)]
    if shared:
        raise ExportError(
            f"{len(shared)} of {len(calibration.sha256)} calibration pictures ({calibration.source}) also stand in "
            f"{what}, the first with SHA-256 {shared[0][:12]}…. Take them out of one of the two"
        )
