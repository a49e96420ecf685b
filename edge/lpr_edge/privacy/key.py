"""The secret key of the hashes: without it a hash can't be traced to its plate."""

import os
import re
import secrets
from pathlib import Path

from lpr_edge.base.log import log_info
from lpr_edge.base.private_files import make_private_folder, open_private, sync_folder
from lpr_edge.contract.base.errors import LprError

BYTES = 32
"""As long as the hash: RFC 2104, section 3."""


def load_key(path: Path) -> bytes:
    """Read the key, or create one that only this user can read.

    Raises:
        LprError: the file can't be had, others may read it, or it holds no key.
    """
    try:
        return _read(path) if path.exists() else _make(path)
    except OSError as error:
        raise LprError(f"the key {path} can't be read or made: {error.strerror}. Give --hash-key FILE") from error


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise LprError(f"the key {path} may be read by others: chmod 600 {path}")
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(rf"[0-9a-f]{{{2 * BYTES}}}", text):
        raise LprError(f"{path} holds no key: expected {2 * BYTES} hexadecimal digits. Give --hash-key another file")
    return bytes.fromhex(text)


def _make(path: Path) -> bytes:
    make_private_folder(path.parent)
    key = secrets.token_bytes(BYTES)
    handle = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(handle, "w") as file:
        file.write(f"{key.hex()}\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    log_info(f"made the key {path}: hashes can only be compared with those of the same key")
    return key
