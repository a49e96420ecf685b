"""Signing keys on disk: Ed25519, one PEM file each, readable by their user alone."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lpr_edge.base.private_files import make_private_folder
from lpr_edge.contract.base.errors import needing_extra
from lpr_edge.contract.whole_files import write_whole
from lpr_export.base.errors import ExportError

PASSWORD = "LPR_KEY_PASSWORD"
"""Of the environment: the password that key files are encrypted with; without one they aren't."""


def load_signing() -> tuple[Any, Any, Any]:
    """`CryptoSigner`, and cryptography's key and serialization modules, which are an extra's.

    Raises:
        ExportError: they aren't installed.
    """
    with needing_extra("lpr-export publish", "python-tuf and cryptography", "update", ExportError):
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from securesystemslib.signer import CryptoSigner
    return CryptoSigner, Ed25519PrivateKey, serialization


def make_key(folder: Path, role: str) -> Any:
    """Make a key, write it to a folder as `ROLE-ID.pem`, and return its signer.

    Raises:
        OSError: it can't be written.
    """
    make_signer, private_key, serialization = load_signing()
    key = private_key.generate()
    password = os.environ.get(PASSWORD, "")
    hidden = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    signer = make_signer(key)
    make_private_folder(folder)
    write_whole(folder / f"{role}-{signer.public_key.keyid[:12]}.pem", pem)
    return signer


def load_keys(folders: Sequence[Path]) -> dict[str, Any]:
    """Signers of all key files in some folders, by key id.

    Raises:
        ExportError: there is none, or one can't be read.
    """
    make_signer, private_key, serialization = load_signing()
    paths = [path for folder in folders for path in sorted(folder.glob("*.pem"))]
    if not paths:
        raise ExportError(f"no key in {', '.join(map(str, folders))}: give --keys a folder that `publish init` wrote")
    password = os.environ.get(PASSWORD, "").encode() or None
    signers = {}
    for path in paths:
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password)
        except (OSError, ValueError, TypeError) as error:
            raise ExportError(f"{path} can't be read ({error}): set {PASSWORD} if it is encrypted") from error
        if not isinstance(key, private_key):
            raise ExportError(f"{path} is no Ed25519 key: give one that lpr-export made")
        signer = make_signer(key)
        signers[signer.public_key.keyid] = signer
    return signers
