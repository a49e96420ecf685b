"""Metadata of a TUF repository: read, signed with the available keys, and written whole."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lpr_edge.contract.whole_files import write_whole
from lpr_export.base.errors import ExportError

ROLES = ("root", "targets", "snapshot", "timestamp")
LIFETIME_DAYS = {"root": 730, "targets": 365, "snapshot": 30, "timestamp": 7}
"""After which a role's metadata is refused: a repository that isn't refreshed is noticed after so long."""
PUBLIC_MODE = 0o644


def sign_and_write(folder: Path, metadata: Any, signers: Mapping[str, Any], roots: Sequence[Any], version: int) -> None:
    """Set the version, sign with every available key that one of the roots names for the role, and write it whole.

    Args:
        folder: of the metadata.
        metadata: of one role; changed in place.
        signers: key id -> signer.
        roots: root metadata whose keys must sign: one, or the old and the new one.
        version: of the metadata from now on.

    Raises:
        ExportError: too few keys of one of the roots are available.
    """
    signed = metadata.signed
    role = signed.type
    for root in roots:
        check_threshold(role, root, signers)
    signed.version = version
    metadata.signatures.clear()
    for keyid in {keyid for root in roots for keyid in root.roles[role].keyids if keyid in signers}:
        metadata.sign(signers[keyid], append=True)
    place = folder / ("timestamp.json" if role == "timestamp" else f"{signed.version}.{role}.json")
    write_whole(place, metadata.to_bytes())
    place.chmod(PUBLIC_MODE)


def check_threshold(role: str, root: Any, signers: Mapping[str, Any]) -> None:
    """Check that enough keys of a role are available.

    Args:
        role: such as `targets`.
        root: says which keys the role has, and how many must sign.
        signers: key id -> signer.

    Raises:
        ExportError: they aren't.
    """
    wanted = root.roles[role]
    found = [keyid for keyid in wanted.keyids if keyid in signers]
    if len(found) < wanted.threshold:
        missing = ", ".join(keyid[:12] for keyid in wanted.keyids if keyid not in signers)
        raise ExportError(
            f"{role} needs {wanted.threshold} keys and has {len(found)} here: add with --keys the folder of {missing}"
        )


def expiry_of(role: str, days: int | None = None) -> datetime:
    """When a role's metadata that is signed now expires, UTC; `days` for another lifetime than the role's."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=LIFETIME_DAYS[role] if days is None else days)


def read_metadata(path: Path) -> Any:
    """Read a role's metadata file.

    Raises:
        ExportError: it can't be read, or isn't one.
    """
    from tuf.api.exceptions import RepositoryError
    from tuf.api.metadata import Metadata

    try:
        return Metadata.from_file(str(path))
    except (OSError, RepositoryError) as error:
        raise ExportError(f"{path} can't be read ({error}): put the repository back from a copy") from error
