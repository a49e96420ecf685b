"""State that a run passes to the next one when SIGHUP restarts it in the same process; never stored on a disk."""

import hashlib
import os
import pickle
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr_edge import __version__
from lpr_edge.base.log import log_info, warn
from lpr_edge.contract.base.arrays import Image

VARIABLE = "_LPR_CARRIED"
"""Environment variable with the descriptor of the file that contains the state."""
JPEG_QUALITY = 95


def hand_on(state: object, labels: Sequence[str], source: str) -> None:
    """Store state for the program that `os.execv` starts in this process.

    Args:
        state: of this package's own classes; pictures in it become JPEGs.
        labels: of the reader's classes.
        source: name of the source that was read.
    """
    data = BytesIO()
    data.write(_kind_of(labels, source))
    _Pickler(data).dump(state)
    file = os.memfd_create("lpr-carried", 0)
    with os.fdopen(os.dup(file), "wb") as stream:
        stream.write(data.getvalue())
    os.set_inheritable(file, True)
    os.environ[VARIABLE] = str(file)


def take_over(labels: Sequence[str], source: str) -> Any:
    """Load the state of `hand_on` once; None without it, or for other labels, source or version of lpr."""
    data = _read()
    if data is None:
        return None
    kind = _kind_of(labels, source)
    if not data.startswith(kind):
        log_info("source, reader or lpr itself is another than before: vehicles that stand there are announced again")
        return None
    try:
        return pickle.loads(data[len(kind) :])  # what this process itself has written, in memory that nobody else sees
    except Exception as error:  # noqa: BLE001  # a class may have changed under the same version
        warn(f"vehicles seen before the reload are forgotten ({type(error).__name__}: {error})")
        return None


def _read() -> bytes | None:
    number = os.environ.pop(VARIABLE, "")
    if not number.isdecimal() or not Path(f"/proc/self/fd/{number}").exists():
        return None
    with suppress(OSError), os.fdopen(int(number), "rb") as file:
        file.seek(0)
        return file.read()
    return None


def _kind_of(labels: Sequence[str], source: str) -> bytes:
    """Hash (32 bytes) of everything that must be equal for the state to be usable."""
    return hashlib.sha256("\n".join((__version__, source, *labels)).encode("utf-8", "replace")).digest()


class _Pickler(pickle.Pickler):
    """Pickles frames as JPEGs: uncompressed, a few vehicles' images would fill the memory."""

    def reducer_override(self, obj: Any) -> Any:
        """How an object is pickled where not as usual."""
        if isinstance(obj, np.ndarray) and obj.ndim == 3 and obj.dtype == np.uint8 and obj.size:
            return _decode, (_encode(obj),)
        return NotImplemented


def _encode(image_bgr: Image) -> bytes:
    """(H, W, 3) uint8 to JPEG."""
    done, jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"a picture of shape {image_bgr.shape} is no JPEG")
    return bytes(jpeg)


def _decode(jpeg: bytes) -> Image:
    """JPEG to (H, W, 3) uint8."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))
