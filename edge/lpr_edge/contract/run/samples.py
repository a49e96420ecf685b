"""Sample images that a training run stores for calibration and parity: one file of encoded images."""

import hashlib
import itertools
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.picture_head import declared_size
from lpr_edge.contract.base.pictures import MAX_PIXELS
from lpr_edge.contract.base.text_files import parse_json

MAX_BYTES = 1 << 30
"""Of a file of pictures, unpacked."""


@dataclass(frozen=True)
class Samples:
    """Images resized to a network's input, and their origin."""

    pictures: tuple[Image, ...]
    """Each (H, W, C) uint8, in the network's colours."""
    source: str
    """`rendered`, or the data set and its split."""
    sha256: tuple[str, ...]
    """Of each source file's bytes; of the picture's own bytes where it was rendered."""
    truth: tuple[Any, ...] | None = None
    """What each shows: a label, rows of text, or a list of quads; None where it isn't known."""
    seed: int = 0


def picture_sha256(picture: Image) -> str:
    """SHA-256 of an image's pixels."""
    return hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()


def write_samples(path: Path, samples: Samples, quality: int = 0) -> None:
    """Write samples to a temporary file next to `path`, then rename it.

    Args:
        path: ends in `.npz`.
        samples: what to write.
        quality: 0 for PNG, without loss; else JPEG's, for small files.
    """
    encoded = [_encode(picture, quality) for picture in samples.pictures]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
    fields = {"source": samples.source, "sha256": samples.sha256, "truth": samples.truth, "seed": samples.seed}
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        np.savez(
            file,
            bytes=np.frombuffer(b"".join(encoded), np.uint8),
            offsets=offsets,
            about=np.array(json.dumps(fields, ensure_ascii=False)),
        )
    beside.replace(path)


def read_samples(path: Path) -> Samples:
    """Read the file of `write_samples`.

    Raises:
        DataError: the file is missing, damaged, or something else.
    """
    try:
        check_unpacked(path)
        with np.load(path) as file:
            data, offsets, about = file["bytes"].tobytes(), file["offsets"], parse_json(str(file["about"]))
        pictures = tuple(_decode(data[start:end]) for start, end in itertools.pairwise(offsets))
        truth = about["truth"]
        return Samples(
            pictures, about["source"], tuple(about["sha256"]), None if truth is None else tuple(truth), about["seed"]
        )
    except FileNotFoundError as error:
        raise DataError(f"no pictures at {path}: lpr-train writes them next to the model") from error
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is no file of pictures that lpr wrote, or is damaged ({error})") from error


def check_unpacked(path: Path) -> None:
    """Reject an `.npz` whose arrays would need more memory than `MAX_BYTES`.

    Raises:
        OSError: the file can't be read.
        ValueError: it is no `.npz`, or too large; a head that promises other than the archive holds is numpy's to find.
    """
    try:
        with zipfile.ZipFile(path) as members:
            unpacked = sum(member.file_size for member in members.infolist())
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"no .npz: {error}") from error
    if unpacked > MAX_BYTES:
        raise ValueError(f"it unpacks to {unpacked / 1e9:.1f} GB, and lpr reads up to {MAX_BYTES / 1e9:.1f}")


def _encode(picture: Image, quality: int) -> bytes:
    """Encode an image; the channel order doesn't matter, as decoding reverses it."""
    kind, options = (".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality]) if quality else (".png", [])
    _, data = cv2.imencode(kind, picture, options)
    return bytes(data.tobytes())


def _decode(data: bytes) -> Image:
    size = declared_size(data)
    is_too_large = size is not None and size[0] * size[1] > MAX_PIXELS
    picture = None if is_too_large else cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError("a picture in it can't be decoded")
    return np.asarray(picture if picture.ndim == 3 else picture[..., np.newaxis], np.uint8)
